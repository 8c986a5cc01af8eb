// What a process may do: prctl(2), capset(2), seccomp(2) and its ioctls, landlock(7). Swift has no names for variadic
// functions, nor for system calls without a function in the C library. Each function returns what the call does: -1 and
// errno.
//
// No header of the C library's types is included here: Swift would take its structures for this module's own.
#ifndef PANDORA_AGENT_CONFINEMENT_H
#define PANDORA_AGENT_CONFINEMENT_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>

// The real, effective and saved id of all threads (setresuid(2), setresgid(2)).
int confinement_set_user(uint32_t user);
int confinement_set_group(uint32_t group);

// Whether real, effective and saved ids are these.
int confinement_is_user(uint32_t user, uint32_t group);

int confinement_no_new_privileges(void);
int confinement_keep_capabilities(int keep);
int confinement_drop_from_bounding_set(int capability);
int confinement_clear_ambient_capabilities(void);

// Makes a set of capabilities, bit n for capability n, the permitted and the effective ones of this thread, and nothing
// inheritable.
int confinement_set_capabilities(uint64_t set);

// The effective capabilities of this thread; 0 where they cannot be told.
uint64_t confinement_capabilities(void);

int confinement_install_filter(unsigned flags, unsigned short count, struct sock_filter *instructions);

// The same for the calling thread alone, where seccomp(2) itself is out of reach.
int confinement_install_filter_in_thread(unsigned short count, struct sock_filter *instructions);

// A system call that a filter has referred to its listener.
struct confinement_notice {
    uint64_t id;
    uint32_t process;
    int32_t call;
    uint32_t architecture;
};

// Waits for the next one (seccomp_unotify(2)).
int confinement_next_notice(int listener, struct confinement_notice *notice);
int confinement_is_valid(int listener, uint64_t id);
// Has the system call fail with EACCES.
int confinement_refuse(int listener, uint64_t id);

// The version of landlock(7) that the kernel has.
int confinement_write_restriction_version(void);
// Rules about some rights on files (LANDLOCK_ACCESS_FS_…); what no rule allows is refused. Returns a descriptor.
int confinement_make_write_rules(uint64_t rights);
int confinement_open_path(const char *path);
int confinement_allow_writing(int rules, int path, uint64_t rights);
int confinement_restrict_writing(int rules);

#endif
