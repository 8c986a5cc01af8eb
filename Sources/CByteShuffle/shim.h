// Base64 with the byte shuffle of AVX2, an instruction that Swift has no name for and that the x86-64 baseline does not
// have: it is used where the processor says that it has it. The way is that of Wojciech Muła and Daniel Lemire, "Faster
// Base64 Encoding and Decoding Using AVX2 Instructions", ACM Transactions on the Web 12 (2018).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
#include <immintrin.h>

/// Whether this processor and this system let the function below be called.
static inline bool pandora_has_byte_shuffle(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2");
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
#endif
