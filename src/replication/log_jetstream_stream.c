#include "replication/log_jetstream_stream.h"

#include <stdio.h>
#include <string.h>

#include "replication/cluster_id.h"
#include "replication/log_jetstream_wire.h"

#define MS_NS 1000000LL
#define S_NS  (1000 * MS_NS)

enum { REPLICAS = 3, DUPLICATES_S = 120, INACTIVE_S = 30 };

int nats_failure(struct err *err, natsStatus status, const char *what)
{
	natsStatus last;
	const char *text = nats_GetLastError(&last);

	/* nats.c keeps the text of this thread's last failure: it may be an older one's. */
	if (text == NULL || *text == '\0' || last != status)
		text = natsStatus_GetText(status);
	const char *place_end = *text == '(' ? strstr(text, "): ") : NULL; /* "(sub.c:703): Timeout" */
	if (place_end != NULL)
		text = place_end + 3;
	return err_set(err, SQLSTATE_CONNECTION_FAILURE, "%s: %s", what, text);
}

int stream_read(jsCtx *js, const char *stream, struct stream_info *out, bool *is_missing, struct err *err)
{
	jsStreamInfo *info = NULL;
	jsErrCode code = 0;
	natsStatus status = js_GetStreamInfo(&info, js, stream, NULL, &code);

	*is_missing = code == JSStreamNotFoundErr || (status == NATS_NOT_FOUND && code == 0);
	if (*is_missing)
		return 0;
	if (status != NATS_OK) {
		nats_failure(err, status, "read the stream's state");
		if (status == NATS_NO_RESPONDERS || code == JSNotEnabledErr ||
		    code == JSNotEnabledForAccountErr)
			err_hint(err, "JetStream must be enabled in nats-server's configuration.");
		return -1;
	}
	struct log_identity *id = &out->identity;
	wire_cluster_id(info->Config->Description, info->Created, id->cluster_id, sizeof id->cluster_id);
	id->created_us = info->Created / 1000;
	id->first_seq = info->State.FirstSeq;
	id->last_seq = info->State.LastSeq;
	out->message_max = info->Config->MaxMsgSize > 0 ? (size_t)info->Config->MaxMsgSize : SIZE_MAX;
	jsStreamInfo_Destroy(info);
	return 0;
}

int stream_create(jsCtx *js, const char *stream, const char *subject, bool is_one_enough, struct err *err)
{
	char id[CLUSTER_ID_SIZE], description[sizeof "nqlite " + CLUSTER_ID_SIZE];
	jsStreamConfig config;
	jsErrCode code = 0;

	if (cluster_id_make(id, err) != 0)
		return -1;
	snprintf(description, sizeof description, "nqlite %s", id);
	jsStreamConfig_Init(&config);
	config.Name = stream;
	config.Description = description; /* servers before 2.10 have no metadata */
	config.Subjects = &subject;
	config.SubjectsLen = 1;
	config.Storage = js_FileStorage;
	config.Retention = js_LimitsPolicy;
	config.Discard = js_DiscardNew; /* a full stream refuses; it never forgets what wasn't purged */
	config.Duplicates = DUPLICATES_S * S_NS;
	config.AllowDirect = true;
	config.DenyDelete = true; /* a hole in the log stops every node that hasn't applied it */
	config.Replicas = REPLICAS;
	natsStatus status = js_AddStream(NULL, js, &config, NULL, &code);
	if (code == JSStreamReplicasNotSupportedErr || (is_one_enough && code != 0)) {
		config.Replicas = 1;
		status = js_AddStream(NULL, js, &config, NULL, &code);
	}
	if (status == NATS_OK || code == JSStreamNameExistErr)
		return 0;
	return nats_failure(err, status, "create the stream");
}

int consumer_create(jsCtx *js, const char *stream, const char *deliver_subject, uint64_t start_seq,
    int64_t heartbeat_ms, char *name, size_t name_size, struct err *err)
{
	jsConsumerInfo *info = NULL;
	jsConsumerConfig config;

	jsConsumerConfig_Init(&config);
	config.DeliverSubject = deliver_subject;
	config.DeliverPolicy = js_DeliverByStartSequence;
	config.OptStartSeq = start_seq;
	config.AckPolicy = js_AckNone;
	config.ReplayPolicy = js_ReplayInstant;
	config.FlowControl = true;
	config.Heartbeat = heartbeat_ms * MS_NS;
	config.InactiveThreshold = INACTIVE_S * S_NS;
	config.MemoryStorage = true; /* it is made anew when its server dies */
	config.Replicas = 1;
	natsStatus status = js_AddConsumer(&info, js, stream, &config, NULL, NULL);
	if (status != NATS_OK)
		return nats_failure(err, status, "create a consumer of the stream");
	snprintf(name, name_size, "%s", info->Name);
	jsConsumerInfo_Destroy(info);
	return 0;
}
