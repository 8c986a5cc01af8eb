// Base64 with the byte shuffle of AVX2 and the byte permutation of AVX-512 VBMI, instructions that Swift has no name for and
// that the x86-64 baseline does not have: they are used where the processor says that it has them. The ways are those of
// Wojciech Muła and Daniel Lemire, "Faster Base64 Encoding and Decoding Using AVX2 Instructions", ACM Transactions on the
// Web 12 (2018), and "Base64 encoding and decoding at almost the speed of a memory copy", Software: Practice and Experience 50
// (2020).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
#include <immintrin.h>

/// Whether this processor and this system let ``pandora_base64_encode`` be called.
static inline bool pandora_has_byte_shuffle(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2");
}

/// Whether this processor and this system let ``pandora_base64_encode_wide`` be called.
static inline bool pandora_has_byte_permutation(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi");
}

/// Writes the Base64 digits of the first bytes, 48 bytes as 64 digits at a time, and leaves at least the last 16 bytes to the
/// caller, so that nothing is read beyond them.
///
/// - text: has room for the digits of all `count` bytes.
/// - returns: how many bytes were encoded, a multiple of 48.
__attribute__((target("avx512f,avx512bw,avx512vbmi"))) static inline size_t pandora_base64_encode_wide(
    const uint8_t *bytes, size_t count, uint8_t *text) {
    // The digits, which six bits are places among.
    const __m512i digits = _mm512_loadu_si512("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    // Three bytes into each 32 bits, the second of them twice, so that no six bits are apart.
    const __m512i spread = _mm512_set_epi32(
        0x2e2f2d2e, 0x2b2c2a2b, 0x28292728, 0x25262425, 0x22232122, 0x1f201e1f, 0x1c1d1b1c, 0x191a1819, 0x16171516,
        0x13141213, 0x10110f10, 0x0d0e0c0d, 0x0a0b090a, 0x07080607, 0x04050304, 0x01020001);
    // Where the six bits begin that each byte of 64 bits is to be; the other two bits of it count for nothing.
    const __m512i places = _mm512_set1_epi64(0x3036242a1016040a);
    size_t done = 0;
    while (count - done >= 64) {
        const __m512i input = _mm512_permutexvar_epi8(spread, _mm512_loadu_si512(bytes + done));
        const __m512i six = _mm512_multishift_epi64_epi8(places, input);
        _mm512_storeu_si512(text + done / 3 * 4, _mm512_permutexvar_epi8(six, digits));
        done += 48;
    }
    return done;
}

/// Writes the Base64 digits of the first bytes, 24 bytes as 32 digits at a time, and leaves at least the last 28 bytes to
/// the caller, so that nothing is read beyond them.
///
/// - text: has room for the digits of all `count` bytes.
/// - returns: how many bytes were encoded, a multiple of 24.
__attribute__((target("avx2"))) static inline size_t pandora_base64_encode(
    const uint8_t *bytes, size_t count, uint8_t *text) {
    // Three bytes into each 32 bits, in an order from which two multiplications cut four times six bits.
    const __m256i spread = _mm256_setr_epi8(
        1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10, 1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10);
    // What has to be added to six bits: letters, digits, + and /; the place in the table follows from the range.
    const __m256i offsets = _mm256_setr_epi8(
        'a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
        '+' - 62, '/' - 63, 'A', 0, 0, 'a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
        '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0);
    size_t done = 0;
    while (count - done >= 28) {
        const __m128i low = _mm_loadu_si128((const __m128i *)(bytes + done));
        const __m128i high = _mm_loadu_si128((const __m128i *)(bytes + done + 12));
        const __m256i input = _mm256_shuffle_epi8(_mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1), spread);
        const __m256i outer = _mm256_mulhi_epu16(
            _mm256_and_si256(input, _mm256_set1_epi32(0x0fc0fc00)), _mm256_set1_epi32(0x04000040));
        const __m256i inner = _mm256_mullo_epi16(
            _mm256_and_si256(input, _mm256_set1_epi32(0x003f03f0)), _mm256_set1_epi32(0x01000010));
        const __m256i six = _mm256_or_si256(outer, inner);
        const __m256i isUpper = _mm256_and_si256(
            _mm256_cmpgt_epi8(_mm256_set1_epi8(26), six), _mm256_set1_epi8(13));
        const __m256i range = _mm256_or_si256(_mm256_subs_epu8(six, _mm256_set1_epi8(51)), isUpper);
        const __m256i digits = _mm256_add_epi8(_mm256_shuffle_epi8(offsets, range), six);
        _mm256_storeu_si256((__m256i *)(text + done / 3 * 4), digits);
        done += 24;
    }
    return done;
}
#else
static inline bool pandora_has_byte_shuffle(void) { return false; }

static inline size_t pandora_base64_encode(const uint8_t *bytes, size_t count, uint8_t *text) {
    (void)bytes, (void)count, (void)text;
    return 0;
}

static inline bool pandora_has_byte_permutation(void) { return false; }

static inline size_t pandora_base64_encode_wide(const uint8_t *bytes, size_t count, uint8_t *text) {
    (void)bytes, (void)count, (void)text;
    return 0;
}
#endif
