#define _GNU_SOURCE
#include "confinement.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int confinement_set_user(uint32_t user) { return setresuid(user, user, user); }
int confinement_set_group(uint32_t group) { return setresgid(group, group, group); }

int confinement_is_user(uint32_t user, uint32_t group) {
    uid_t users[3];
    gid_t groups[3];
    if (getresuid(&users[0], &users[1], &users[2]) != 0 || getresgid(&groups[0], &groups[1], &groups[2]) != 0) return 0;
    for (int i = 0; i < 3; i++)
        if (users[i] != user || groups[i] != group) return 0;
    return 1;
}

int confinement_no_new_privileges(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }
int confinement_keep_capabilities(int keep) { return prctl(PR_SET_KEEPCAPS, keep, 0, 0, 0); }
int confinement_drop_from_bounding_set(int capability) { return prctl(PR_CAPBSET_DROP, capability, 0, 0, 0); }
int confinement_clear_ambient_capabilities(void) {
    return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
}

int confinement_set_capabilities(uint64_t set) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {
        {(uint32_t)set, (uint32_t)set, 0}, {(uint32_t)(set >> 32), (uint32_t)(set >> 32), 0}};
    return (int)syscall(SYS_capset, &header, data);
}

uint64_t confinement_capabilities(void) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    memset(data, 0, sizeof data);
    if (syscall(SYS_capget, &header, data) != 0) return 0;
    return data[0].effective | (uint64_t)data[1].effective << 32;
}

int confinement_install_filter(unsigned flags, unsigned short count, struct sock_filter *instructions) {
    struct sock_fprog program = {count, instructions};
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

int confinement_install_filter_in_thread(unsigned short count, struct sock_filter *instructions) {
    struct sock_fprog program = {count, instructions};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

int confinement_next_notice(int listener, struct confinement_notice *notice) {
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

int confinement_is_valid(int listener, uint64_t id) {
    return ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

int confinement_refuse(int listener, uint64_t id) {
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

int confinement_write_restriction_version(void) {
    return (int)syscall(444 /* landlock_create_ruleset */, NULL, 0, 1U /* LANDLOCK_CREATE_RULESET_VERSION */);
}

int confinement_make_write_rules(uint64_t rights) {
    return (int)syscall(444, &rights, sizeof rights, 0U);
}

int confinement_open_path(const char *path) {
    return open(path, O_PATH | O_CLOEXEC);
}

int confinement_allow_writing(int rules, int path, uint64_t rights) {
    struct __attribute__((packed)) {
        uint64_t rights;
        int32_t path;
    } rule = {rights, path};
    return (int)syscall(445 /* landlock_add_rule */, rules, 1 /* LANDLOCK_RULE_PATH_BENEATH */, &rule, 0U);
}

int confinement_restrict_writing(int rules) {
    return (int)syscall(446 /* landlock_restrict_self */, rules, 0U);
}
