#define _GNU_SOURCE
#include "command_launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// Nothing here allocates with malloc(3): where the launcher is forked from a process of many threads, one of them may
// have held its locks.

enum { REQUEST_DESCRIPTORS = 5, MOST_COMMANDS = 4096 };

struct running {
    pid_t leader;
    int channel;
    int is_killed;
};

static struct running commands[MOST_COMMANDS];
static struct pollfd polled[MOST_COMMANDS + 2];
static int command_count;
static struct rlimit open_files; // As the agent was started with.

static void tell(int channel, int kind, int value, int error) {
    struct launch_event event = {kind, value, error};
    // Whoever does not listen any more does not want to know.
    (void)send(channel, &event, sizeof event, MSG_NOSIGNAL | MSG_DONTWAIT);
}

// MARK: The command

static _Noreturn void fail(int channel, int stage, int error) {
    tell(channel, LAUNCH_FAILED, stage, error);
    _exit(127);
}

// Takes one string from the rest of a description.
static char *next_string(char **place, char *end) {
    char *start = *place;
    char *stop = start < end ? memchr(start, 0, (size_t)(end - start)) : NULL;
    if (!stop) return NULL;
    *place = stop + 1;
    return start;
}

// Takes a list of strings and ends it with NULL.
static int take_strings(char **list, uint32_t count, char **place, char *end) {
    for (uint32_t i = 0; i < count; i++)
        if (!(list[i] = next_string(place, end))) return -1;
    list[count] = NULL;
    return 0;
}

static void reset_signals(void) {
    // SIG_DFL, no flags, no mask: all zero. Not by signal(2), which knows nothing of the two that the C library uses.
    unsigned long action[8] = {0};
    for (int number = 1; number <= 64; number++) syscall(SYS_rt_sigaction, number, action, NULL, 8);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void become_command(const int descriptors[REQUEST_DESCRIPTORS]) {
    int channel = descriptors[3];
    setsid();
    // A launcher that is killed leaves nothing behind.
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    struct stat status;
    if (fstat(descriptors[4], &status) != 0) fail(channel, LAUNCH_DESCRIPTION, errno);
    size_t size = (size_t)status.st_size;
    if (size < sizeof(struct launch_header)) fail(channel, LAUNCH_DESCRIPTION, EINVAL);
    char *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, descriptors[4], 0);
    if (bytes == MAP_FAILED) fail(channel, LAUNCH_DESCRIPTION, errno);
    char *end = bytes + size;
    struct launch_header header;
    memcpy(&header, bytes, sizeof header);

    uint64_t limits_size = (uint64_t)header.limit_count * sizeof(struct launch_limit);
    uint64_t groups_size = (uint64_t)header.group_count * sizeof(uint32_t);
    uint64_t string_count = (uint64_t)header.candidate_count + header.argument_count + header.variable_count;
    if (limits_size + groups_size + string_count > size - sizeof header || header.group_count > 65536)
        fail(channel, LAUNCH_DESCRIPTION, EINVAL);
    char *limits = bytes + sizeof header;
    char *groups = limits + limits_size;
    char *place = groups + groups_size;
    char *folder = header.flags & LAUNCH_IN_FOLDER ? next_string(&place, end) : NULL;
    char **lists = mmap(NULL, (string_count + 3) * sizeof(char *), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (lists == MAP_FAILED) fail(channel, LAUNCH_DESCRIPTION, errno);
    char **candidates = lists;
    char **arguments = candidates + header.candidate_count + 1;
    char **variables = arguments + header.argument_count + 1;
    if (take_strings(candidates, header.candidate_count, &place, end) != 0
        || take_strings(arguments, header.argument_count, &place, end) != 0
        || take_strings(variables, header.variable_count, &place, end) != 0
        || ((header.flags & LAUNCH_IN_FOLDER) && !folder))
        fail(channel, LAUNCH_DESCRIPTION, EINVAL);

    (void)setpriority(PRIO_PROCESS, 0, header.nice);
    if (open_files.rlim_max != 0) setrlimit(RLIMIT_NOFILE, &open_files);
    for (uint32_t i = 0; i < header.limit_count; i++) {
        struct launch_limit limit;
        memcpy(&limit, limits + i * sizeof limit, sizeof limit);
        struct rlimit present;
        if (getrlimit((int)limit.resource, &present) != 0) fail(channel, LAUNCH_LIMIT, errno);
        // What is lower already stays.
        rlim_t value = limit.value < present.rlim_max ? limit.value : present.rlim_max;
        struct rlimit wanted = {value, value};
        if (setrlimit((int)limit.resource, &wanted) != 0) fail(channel, LAUNCH_LIMIT, errno);
    }
    for (int i = 0; i < 3; i++)
        if (dup2(descriptors[i], i) < 0) fail(channel, LAUNCH_DESCRIPTION, errno);
    if (header.flags & LAUNCH_AS_USER) {
        static gid_t list[65536];
        memcpy(list, groups, groups_size);
        if (setgroups(header.group_count, list) != 0 || setresgid(header.group, header.group, header.group) != 0
            || setresuid(header.user, header.user, header.user) != 0
            || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
            fail(channel, LAUNCH_USER, errno);
        // The change of the user has cleared it.
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    }
    if (folder && chdir(folder) != 0) fail(channel, LAUNCH_FOLDER, errno);
    reset_signals();
    int error = ENOENT;
    for (char **candidate = candidates; *candidate; candidate++) {
        execve(*candidate, arguments, variables);
        if (errno == ENOENT || errno == ENOTDIR) continue;
        error = errno;
        // As in a shell, one that may not be executed does not hide a later one.
        if (error != EACCES) break;
    }
    fail(channel, LAUNCH_EXECUTE, error);
}

// MARK: The launcher

static void kill_command(struct running *command) {
    if (command->is_killed) return;
    command->is_killed = 1;
    // It may not have its group yet.
    kill(-command->leader, SIGKILL);
    kill(command->leader, SIGKILL);
}

static void start_command(const int descriptors[REQUEST_DESCRIPTORS]) {
    if (command_count == MOST_COMMANDS) {
        tell(descriptors[3], LAUNCH_FAILED, LAUNCH_FORK, EAGAIN);
    } else {
        pid_t child = fork();
        if (child == 0) become_command(descriptors);
        if (child < 0) {
            tell(descriptors[3], LAUNCH_FAILED, LAUNCH_FORK, errno);
        } else {
            struct running command = {child, descriptors[3], 0};
            commands[command_count++] = command;
            for (int i = 0; i < REQUEST_DESCRIPTORS; i++)
                if (i != 3) close(descriptors[i]);
            return;
        }
    }
    for (int i = 0; i < REQUEST_DESCRIPTORS; i++) close(descriptors[i]);
}

// Takes one request. 0 where the agent has ended.
static int take_request(int socket) {
    char byte;
    struct iovec part = {&byte, 1};
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int) * REQUEST_DESCRIPTORS)];
    } control;
    struct msghdr message = {0};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = &control;
    message.msg_controllen = sizeof control;
    ssize_t count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (count < 0) return errno == EAGAIN || errno == EINTR || errno == EMFILE || errno == ENOBUFS;
    if (count == 0) return 0;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (!header || header->cmsg_type != SCM_RIGHTS) return 1;
    int received[REQUEST_DESCRIPTORS];
    size_t received_count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    memcpy(received, CMSG_DATA(header), received_count * sizeof(int));
    if (received_count == REQUEST_DESCRIPTORS) {
        start_command(received);
    } else {
        // The limit of open files cut the list; the agent sees its channel end.
        for (size_t i = 0; i < received_count; i++) close(received[i]);
    }
    return 1;
}

// Reaps what has ended. The group is killed while its leader is still a zombie: its number, and so the group's, cannot
// have been given to anybody else yet.
static void reap(void) {
    siginfo_t info;
    while (info.si_pid = 0, waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0) {
        int index = 0;
        while (index < command_count && commands[index].leader != info.si_pid) index++;
        if (index < command_count) kill(-info.si_pid, SIGKILL);
        int status = 0;
        if (waitpid(info.si_pid, &status, 0) < 0) return;
        if (index == command_count) continue;
        tell(commands[index].channel, LAUNCH_ENDED, status, 0);
        close(commands[index].channel);
        commands[index] = commands[--command_count];
    }
}

static _Noreturn void run_launcher(int socket) {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    signal(SIGCHLD, SIG_DFL);
    setsid();
    prctl(PR_SET_NAME, "pandora-command", 0, 0, 0);
    // Nothing of the agent's stays open here: neither its lock nor what somebody waits to see closed.
    enum { control = 3 };
    int high = fcntl(socket, F_DUPFD, control + 1);
    int null = open("/dev/null", O_RDWR);
    for (int i = 0; i < control && null >= 0; i++) dup2(null, i);
    if (high < 0 || dup2(high, control) < 0 || fcntl(control, F_SETFD, FD_CLOEXEC) != 0) _exit(1);
    if (syscall(SYS_close_range, control + 1U, ~0U, 0) != 0)
        for (int i = control + 1; i < 65536; i++) close(i);
    // A channel for each command takes more files than commands should have.
    if (getrlimit(RLIMIT_NOFILE, &open_files) == 0) {
        struct rlimit raised = {open_files.rlim_max < 65536 ? open_files.rlim_max : 65536, open_files.rlim_max};
        if (raised.rlim_cur > open_files.rlim_cur) setrlimit(RLIMIT_NOFILE, &raised);
    }
    sigset_t children;
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    int signals = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals < 0) _exit(1);
    while (1) {
        polled[0] = (struct pollfd){control, POLLIN, 0};
        polled[1] = (struct pollfd){signals, POLLIN, 0};
        int count = command_count;
        for (int i = 0; i < count; i++)
            // The agent says nothing on a channel; that it is closed is always told. Once is enough.
            polled[i + 2] = (struct pollfd){commands[i].is_killed ? -1 : commands[i].channel, POLLRDHUP, 0};
        if (poll(polled, (nfds_t)count + 2, -1) < 0) continue;
        for (int i = 0; i < count; i++)
            if (polled[i + 2].revents) kill_command(&commands[i]);
        if (polled[1].revents) {
            struct signalfd_siginfo info;
            while (read(signals, &info, sizeof info) > 0) {}
            reap();
        }
        if (polled[0].revents && !take_request(control)) {
            for (int i = 0; i < command_count; i++) kill_command(&commands[i]);
            _exit(0);
        }
    }
}

// MARK: The agent's side

pid_t command_launcher_start(int *agent_socket) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return -1;
    pid_t child = fork();
    if (child == 0) run_launcher(ends[1]);
    int error = errno;
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        errno = error;
        return -1;
    }
    *agent_socket = ends[0];
    return child;
}

int command_launcher_request(int socket, int input, int output, int error, int channel, int description) {
    int descriptors[REQUEST_DESCRIPTORS] = {input, output, error, channel, description};
    char byte = 0;
    struct iovec part = {&byte, 1};
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof descriptors)];
    } control;
    memset(&control, 0, sizeof control);
    struct msghdr message = {0};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = &control;
    message.msg_controllen = sizeof control;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof descriptors);
    memcpy(CMSG_DATA(header), descriptors, sizeof descriptors);
    ssize_t count;
    do count = sendmsg(socket, &message, MSG_NOSIGNAL);
    while (count < 0 && errno == EINTR);
    return count == 1 ? 0 : -1;
}

int command_launcher_channel(int ends[2]) { return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends); }

int command_launcher_event(int channel, struct launch_event *event) {
    ssize_t count;
    do count = recv(channel, event, sizeof *event, 0);
    while (count < 0 && errno == EINTR);
    if (count < 0) return -1;
    return count == sizeof *event;
}

int command_launcher_file(void) { return memfd_create("command", MFD_CLOEXEC); }

int command_launcher_pipe(int ends[2]) {
    if (pipe2(ends, O_CLOEXEC) != 0) return -1;
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    return 0;
}
