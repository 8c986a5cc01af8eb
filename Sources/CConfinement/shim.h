// What a process may do: prctl(2), capset(2), seccomp(2) and its ioctls. Swift has no names for variadic functions, nor
// for system calls without a function in the C library. Each function returns what the call does: -1 and errno.
#ifndef PANDORA_AGENT_CCONFINEMENT_H
#define PANDORA_AGENT_CCONFINEMENT_H

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

// Of the C library, which changes all threads; the headers declare them for GNU sources alone.
extern int setresuid(uid_t real, uid_t effective, uid_t saved);
extern int setresgid(gid_t real, gid_t effective, gid_t saved);
extern int getresuid(uid_t *real, uid_t *effective, uid_t *saved);
extern int getresgid(gid_t *real, gid_t *effective, gid_t *saved);

static inline int confinement_set_user(uid_t user) { return setresuid(user, user, user); }
static inline int confinement_set_group(gid_t group) { return setresgid(group, group, group); }

// Whether real, effective and saved ids are these.
static inline int confinement_is_user(uid_t user, gid_t group) {
    uid_t users[3];
    gid_t groups[3];
    if (getresuid(&users[0], &users[1], &users[2]) != 0 || getresgid(&groups[0], &groups[1], &groups[2]) != 0) return 0;
    for (int i = 0; i < 3; i++)
        if (users[i] != user || groups[i] != group) return 0;
    return 1;
}

static inline int confinement_no_new_privileges(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }
static inline int confinement_keep_capabilities(int keep) { return prctl(PR_SET_KEEPCAPS, keep, 0, 0, 0); }
static inline int confinement_drop_from_bounding_set(int capability) { return prctl(PR_CAPBSET_DROP, capability, 0, 0, 0); }
static inline int confinement_clear_ambient_capabilities(void) {
    return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
}

// Makes a set of capabilities, bit n for capability n, the permitted and the effective ones of this thread, and nothing
// inheritable.
static inline int confinement_set_capabilities(uint64_t set) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {
        {(uint32_t)set, (uint32_t)set, 0}, {(uint32_t)(set >> 32), (uint32_t)(set >> 32), 0}};
    return (int)syscall(SYS_capset, &header, data);
}

// The effective capabilities of this thread; 0 where they cannot be told.
static inline uint64_t confinement_capabilities(void) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    memset(data, 0, sizeof data);
    if (syscall(SYS_capget, &header, data) != 0) return 0;
    return data[0].effective | (uint64_t)data[1].effective << 32;
}

static inline int confinement_install_filter(unsigned flags, unsigned short count, struct sock_filter *instructions) {
    struct sock_fprog program = {count, instructions};
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

// The same for the calling thread alone, where seccomp(2) itself is out of reach.
static inline int confinement_install_filter_in_thread(unsigned short count, struct sock_filter *instructions) {
    struct sock_fprog program = {count, instructions};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

// A system call that a filter has referred to its listener.
struct confinement_notice {
    uint64_t id;
    uint32_t process;
    int32_t call;
    uint32_t architecture;
};

// Waits for the next one (seccomp_unotify(2)).
static inline int confinement_next_notice(int listener, struct confinement_notice *notice) {
    // Newer kernels may write more than the structure has here.
    union {
        struct seccomp_notif notice;
        char room[512];
    } received;
    memset(&received, 0, sizeof received);
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &received.notice) != 0) return -1;
    notice->id = received.notice.id;
    notice->process = received.notice.pid;
    notice->call = received.notice.data.nr;
    notice->architecture = received.notice.data.arch;
    return 0;
}

static inline int confinement_is_valid(int listener, uint64_t id) {
    return ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

// Has the system call fail with EACCES.
static inline int confinement_refuse(int listener, uint64_t id) {
    union {
        struct seccomp_notif_resp response;
        char room[512];
    } sent;
    memset(&sent, 0, sizeof sent);
    sent.response.id = id;
    sent.response.error = -EACCES;
    return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &sent.response);
}

// Landlock (landlock(7)): its system calls have the same numbers on all processors, and no function in the C library.

static inline int confinement_write_restriction_version(void) {
    return (int)syscall(444 /* landlock_create_ruleset */, NULL, 0, 1U /* LANDLOCK_CREATE_RULESET_VERSION */);
}

// Rules about some rights on files (LANDLOCK_ACCESS_FS_…); what no rule allows is refused. Returns a descriptor.
static inline int confinement_make_write_rules(uint64_t rights) {
    return (int)syscall(444, &rights, sizeof rights, 0U);
}

static inline int confinement_open_path(const char *path) {
    return open(path, 010000000 /* O_PATH, which is for GNU sources alone */ | O_CLOEXEC);
}

static inline int confinement_allow_writing(int rules, int path, uint64_t rights) {
    struct __attribute__((packed)) {
        uint64_t rights;
        int32_t path;
    } rule = {rights, path};
    return (int)syscall(445 /* landlock_add_rule */, rules, 1 /* LANDLOCK_RULE_PATH_BENEATH */, &rule, 0U);
}

static inline int confinement_restrict_writing(int rules) {
    return (int)syscall(446 /* landlock_restrict_self */, rules, 0U);
}

#endif
