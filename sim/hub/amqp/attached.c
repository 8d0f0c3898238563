#include "amqp/attached.h"
void attached_run(struct server *server)
{
	(void)server;
}
