#include "replication/log_identity.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int log_identity_check_local(struct apply_state *state, const struct log_identity *id, struct err *err)
{
	if (state->created_us != 0) {
		err_set(err, SQLSTATE_CONFIG,
		    "this database follows the stream of cluster %s, and no NATS server is configured",
		    state->cluster_id);
		err_hint(err, "Start it with --nats-host. Written to alone, it would no longer be what the "
			      "cluster holds.");
		return -1;
	}
	if (state->cluster_id[0] == '\0')
		snprintf(state->cluster_id, sizeof(state->cluster_id), "%s", id->cluster_id);
	return 0;
}

int log_identity_check_stream(struct apply_state *state, const struct log_identity *id, struct err *err)
{
	uint64_t applied = state->applied_seq;

	if (state->cluster_id[0] == '\0') {
		snprintf(state->cluster_id, sizeof(state->cluster_id), "%s", id->cluster_id);
		state->created_us = id->created_us;
	}
	if (strcmp(state->cluster_id, id->cluster_id) != 0 || state->created_us != id->created_us) {
		err_set(err, SQLSTATE_CORRUPTED,
		    "the stream is not the one that this database follows: cluster %s, created at %" PRId64
		    " us, instead of cluster %s, created at %" PRId64 " us",
		    id->cluster_id, id->created_us, state->cluster_id, state->created_us);
		err_hint(err, "Connect to the right NATS server, or move this node's data directory away to "
			      "follow the new stream.");
		return -1;
	}
	if (id->last_seq < applied) {
		err_set(err, SQLSTATE_CORRUPTED,
		    "the stream went back: it ends at seq %" PRIu64
		    ", and this node has applied seq %" PRIu64,
		    id->last_seq, applied);
		err_hint(err, "The NATS server lost messages; restore it, or rebuild the stream from this "
			      "node's data.");
		return -1;
	}
	if (id->first_seq > applied + 1) {
		err_set(err, SQLSTATE_CORRUPTED,
		    "the stream begins at seq %" PRIu64 ", and this node has applied seq %" PRIu64
		    ": what lies between is missing here",
		    id->first_seq, applied);
		err_hint(err, "Restore this node from a snapshot.");
		return -1;
	}
	return 0;
}
