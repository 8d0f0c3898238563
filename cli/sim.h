/* Virtual boards: a folder each in sim_dir(), and a process that answers on its socket. */
#ifndef SIM_H
#define SIM_H

#include "cli.h"
#include "json.h"

/*
 * The folders of boards, running or not, in order. The caller frees names and list by
 * sim_names_free().
 */
int sim_names(char ***out, size_t *n, struct dfu_error *err);
void sim_names_free(char **names, size_t n);

/* May a board be called so? The name is a folder's, and part of a selector. */
bool sim_name_fits(const char *name);

/*
 * Ask a board, by one object a line and one back. DFU_ERR_NODEV when it does not run,
 * DFU_ERR_DEVICE when it refuses. Frees `request`. The caller frees *reply (may be NULL).
 */
int sim_ask(const char *name, struct json *request, struct json **reply,
	    struct dfu_error *err);

/* {"do": action} */
struct json *sim_request(const char *action);

/* Its control socket, connected. A descriptor to be closed, or an error. */
int sim_connect(const char *name, struct dfu_error *err);

/* "virtual board" or "local hub", for messages. */
const char *sim_kind(const char *name);

/* How to start a board. */
struct sim_start {
	const char *time;     /* "real", "none" or NULL: the board's own default */
	uint16_t port;        /* 0: any that is free */
	bool gdb;             /* serve GDB */
	uint16_t gdb_port;    /* 0: any that is free */
	const uint32_t *seed; /* NULL: the board's own default */
	const struct opt_list *serial; /* "USART3=pty"; NULL: the default */
};

/*
 * Start a program that serves `folder`, in which its log is, as a process of its own, and
 * wait until it answers.
 */
int sim_run(const char *name, const char *const *argv, const char *folder,
	    struct dfu_error *err);

/*
 * Start a board as a process of its own and wait until it answers; 1 when it was there
 * already. DFU_ERR_ARG when it does not understand `how`.
 */
int sim_start(const char *name, const struct sim_start *how, struct dfu_error *err);

/* End it and wait until it has gone. */
int sim_stop(const char *name, struct dfu_error *err);

/*
 * The local hub: a folder and a process beside the boards. Starting it gives it the name
 * `local` among the user's hubs, and ending it takes that away, unless the user has a hub
 * of that name.
 */
#define SIM_HUB      "hub"
#define SIM_HUB_NAME "local"
bool sim_hub_installed(void);
int sim_hub_start(struct dfu_error *err);
int sim_hub_stop(struct dfu_error *err);

/* Its address on this machine, "https://127.0.0.1:8443", from its status. */
void sim_hub_address(const struct json *status, char *to, size_t bytes);

/* sim_dir()/NAME/FILE */
bool sim_path(const char *name, const char *file, char *to, size_t bytes);

/* One at a time may start and end boards. Returns a descriptor to be closed, or an error. */
int sim_lock(struct dfu_error *err);

#endif
