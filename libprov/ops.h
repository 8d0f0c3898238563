/* Jobs as flows: what each operation sends, and what it makes of the answers. */
#ifndef PROV_OPS_H
#define PROV_OPS_H

#include "hub.h"

struct op {
	struct flow f;
	struct prov_job *job;
	int phase;
	unsigned rounds;
	bool unsure; /* the request that changes something may have been done */
	struct prov_error first; /* of that request */
};

/* Make `op` the flow of a job; PROV_ERR_ARG in the job when it cannot be. */
void op_begin(struct op *op, struct prov_hub *hub, struct prov_job *job);

#endif
