/*
 * qpid-proton's engine, for the files of this folder. Its proactor is not used: it cannot
 * ask for a client's certificate without requiring one.
 */
#ifndef HUB_AMQP_PROTON_OWN_H
#define HUB_AMQP_PROTON_OWN_H

#include <proton/codec.h>
#include <proton/condition.h>
#include <proton/connection.h>
#include <proton/connection_driver.h>
#include <proton/delivery.h>
#include <proton/link.h>
#include <proton/message.h>
#include <proton/sasl.h>
#include <proton/session.h>
#include <proton/terminus.h>
#include <proton/transport.h>

#endif
