// A process that starts commands for the agent, so that commands are free of what the agent has given up for itself, and
// so that only one thread ever forks.
//
// The agent and the launcher are joined by a socket pair. A request is one message with five descriptors: standard
// input, output and error of the command, a channel (a socket of SOCK_SEQPACKET), and a file that describes the command.
// On the channel come events, the last of which is the end of the command. When the agent shuts its end down, or ends, the
// command is killed with its whole process group.
#ifndef PANDORA_AGENT_COMMAND_LAUNCHER_H
#define PANDORA_AGENT_COMMAND_LAUNCHER_H

#include <stdint.h>
#include <sys/types.h>

// The description of a command: this, then the limits, the groups (uint32_t each), and the strings, each with a NUL
// byte: folder (where there is one), candidates, arguments, variables.
struct launch_header {
    uint32_t candidate_count; // Paths to execute: the first that is there.
    uint32_t argument_count;
    uint32_t variable_count; // NAME=value
    uint32_t group_count;
    uint32_t limit_count;
    uint32_t flags; // LAUNCH_IN_FOLDER, LAUNCH_AS_USER
    uint32_t user;
    uint32_t group;
    int32_t nice;
    uint32_t reserved;
};

struct launch_limit {
    uint32_t resource; // RLIMIT_… (setrlimit(2))
    uint32_t reserved;
    uint64_t value;
};

enum { LAUNCH_IN_FOLDER = 1, LAUNCH_AS_USER = 2 };

enum launch_stage { LAUNCH_DESCRIPTION, LAUNCH_FORK, LAUNCH_LIMIT, LAUNCH_USER, LAUNCH_FOLDER, LAUNCH_EXECUTE };

struct launch_event {
    int32_t kind; // LAUNCH_FAILED: stage and error number; LAUNCH_ENDED: status of waitpid(2)
    int32_t value;
    int32_t error;
};

enum { LAUNCH_FAILED = 1, LAUNCH_ENDED = 2 };

// Starts a launcher.
//
// Returns its process id and sets the agent's end of the socket pair; -1 and errno where it cannot be started.
pid_t command_launcher_start(int *socket);

// Asks a launcher for a command. The descriptors are the agent's to close afterwards. -1 and errno where it is not there.
int command_launcher_request(int socket, int input, int output, int error, int channel, int description);

// Sets a command's channel up: [0] is the agent's, [1] goes to the launcher.
int command_launcher_channel(int ends[2]);

// Waits for the next event. 1; 0 where there is none any more; -1 and errno.
int command_launcher_event(int channel, struct launch_event *event);

// A file in memory, closed on execution.
int command_launcher_file(void);

// Both ends of a pipe, closed on execution; the end for reading does not block.
int command_launcher_pipe(int ends[2]);

#endif
