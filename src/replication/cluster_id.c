#include "replication/cluster_id.h"

#include <stdint.h>
#include <stdio.h>
#include <sys/random.h>

int cluster_id_make(char out[CLUSTER_ID_SIZE], struct err *err)
{
	uint8_t b[16];

	if (getrandom(b, sizeof b, 0) != (ssize_t)sizeof b)
		return err_sys(err, "draw a cluster id");
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40); /* version 4 */
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80); /* variant 1 */
	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*out++ = '-';
		out += sprintf(out, "%02x", b[i]);
	}
	return 0;
}
