# What `az iot hub monitor-events` does, with the library that it does it with: the redirect
# by SASL PLAIN, the partitions by $management, and a partition from a time, without quotes.
#
#	HUB_KEY=KEY monitor.py HOST POLICY PARTITION CA
import base64
import datetime
import hashlib
import hmac
import os
import re
import sys
import time
import urllib.parse
import uamqp
from uamqp import address, authentication, errors, types

host, policy, partition, ca = sys.argv[1:]
key = os.environ['HUB_KEY']


def token(uri, secret):
    sr = urllib.parse.quote(uri, safe='')
    expiry = int(time.time()) + 300
    signed = hmac.new(secret, f'{sr}\n{expiry}'.encode(), hashlib.sha256).digest()
    sig = urllib.parse.quote(base64.b64encode(signed), safe='')
    return f'SharedAccessSignature sr={sr}&sig={sig}&se={expiry}&skn={policy}'


def endpoint():
    user = f'{policy}@sas.root.{host.split(".")[0]}'
    auth = authentication.SASLPlain(host, user, token(host, base64.b64decode(key)), verify=ca)
    client = uamqp.ReceiveClient(address.Source(f'amqps://{host}/messages/events/$management'),
                                 auth=auth, timeout=5000)
    try:
        client.receive_message_batch(max_batch_size=1)
    except errors.LinkRedirect as redirect:
        return redirect.hostname.decode(), redirect.address.decode()
    finally:
        client.close()


def main():
    try:
        name, where = endpoint()
    except (errors.AMQPError, ValueError, TypeError) as error:
        print('refused', type(error).__name__, flush=True)
        sys.exit(1)
    entity = re.search(r':\d+/(.*)/\$management', where).group(1)
    uri = f'sb://{name}/{entity}'
    auth = authentication.SASTokenAuth(uri, uri, token(uri, key.encode()), expires_in=datetime.timedelta(minutes=5), verify=ca)
    management = uamqp.ReceiveClient(f'amqps://{name}/{entity}/$management', auth=auth)
    management.open()
    answer = management.mgmt_request(
        uamqp.Message(application_properties={b'name': entity.encode()}), b'READ',
        op_type=b'com.microsoft:eventhub', status_code_field=b'status-code',
        description_fields=b'status-description', timeout=3000)
    print('partitions', answer.get_data()[b'partition_count'], flush=True)
    management.close()
    source = address.Source(f'amqps://{name}/{entity}/ConsumerGroups/$Default/Partitions/{partition}')
    since = int((time.time() - 300) * 1000)
    source.set_filter(f'amqp.annotation.x-opt-enqueuedtimeutc > {since}'.encode())
    auth = authentication.SASTokenAuth(uri, uri, token(uri, key.encode()), expires_in=datetime.timedelta(minutes=5), verify=ca)
    client = uamqp.ReceiveClient(source, auth=auth, timeout=3000, prefetch=100)
    for message in client.receive_message_batch(max_batch_size=2):
        sender = message.annotations[b'iothub-connection-device-id'].decode()
        print(b''.join(message.get_data()).decode(), 'of', sender, flush=True)
    client.close()


main()
