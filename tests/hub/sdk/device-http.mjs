// azure-iot-device over HTTP: events, batches, certificates, and each refusal; and methods of
// azure-iothub for devices that are not there.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import common from 'azure-iot-common';
import iothub from 'azure-iothub';
import device from 'azure-iot-device';
import http from 'azure-iot-device-http';
import { bodyOf, certify, create, owner, registry, rejects, selfSigned, stringOf, tokenOf, until, withCertificate } from './lib/hub.mjs';

const service = iothub.Client.fromConnectionString(owner);
const { Client, Message } = device;
const { Http } = http;
const another = Buffer.alloc(32, 7).toString('base64');

// A token that is to be renewed keeps the process alive: all are closed in the end.
const clients = [];
test.after(() => Promise.all([service, ...clients].map((client) => client.close())));
const keep = (client) => (clients.push(client), client);
const clientOf = (identity, key) => keep(Client.fromConnectionString(stringOf(identity, key), Http));

// What the hub saw of the last request to a path.
function recorded(path) {
	const lines = fs.readFileSync(process.env.HUB_RECORD, 'utf8').trim().split('\n');
	return lines.map((line) => JSON.parse(line)).filter((r) => r.target.startsWith(path)).pop();
}

test('an event is sent, with properties, and answered when it is stored', async () => {
	const client = clientOf(await create('http1'));
	const message = new Message(Buffer.from([0, 255, 10]));
	message.messageId = 'id 1';
	message.contentType = 'application/json';
	message.contentEncoding = 'utf-8';
	message.properties.add('Level', 'high');
	await client.open();
	await client.sendEvent(message);
	assert.equal(recorded('/devices/http1/messages/events').status, 204);
	const known = bodyOf(await registry.get('http1'));
	assert.ok(Date.now() - Date.parse(known.lastActivityTime) < 3600000);
	assert.equal(known.connectionState, 'Disconnected');
});

test('a batch is sent', async () => {
	const client = clientOf(await create('http2'));
	const messages = ['one', 'two', 'three'].map((text) => new Message(text));
	messages[1].properties.add('n', '2');
	await client.sendEventBatch(messages);
	const seen = recorded('/devices/http2/messages/events');
	assert.equal(seen.status, 204);
	assert.equal(seen.headers['Content-Type'], 'application/vnd.microsoft.iothub.json');
});

test('an id with every character that one may have', async () => {
	const id = "a-.+%_#*?!(),:=@$'Z";
	const client = clientOf(await create(id));
	await client.sendEvent(new Message('{}'));
});

test('a message that is too long is refused', async () => {
	const client = clientOf(await create('http3'));
	await client.sendEvent(new Message(Buffer.alloc(200 * 1024, 'x')));
	await rejects(client.sendEvent(new Message(Buffer.alloc(257 * 1024, 'x'))), 'MessageTooLargeError', { status: 413 });
});

test('a wrong key is refused', async () => {
	await rejects(clientOf(await create('http4'), another).sendEvent(new Message('{}')), 'UnauthorizedError', { status: 401 });
});

test('a device that nobody registered is refused', async () => {
	await rejects(clientOf({ deviceId: 'nobody' }, another).sendEvent(new Message('{}')), 'DeviceNotFoundError', { status: 404 });
});

test('a device that was disabled is refused, and let in again', async () => {
	const client = clientOf(await create('http5'));
	const known = bodyOf(await registry.get('http5'));
	await client.sendEvent(new Message('{}'));
	await registry.update({ ...known, status: 'disabled' });
	await rejects(client.sendEvent(new Message('{}')), 'UnauthorizedError', { status: 401 });
	await registry.update({ ...known, status: 'enabled' });
	await client.sendEvent(new Message('{}'));
});

test('a token that has expired is refused', async () => {
	const client = keep(Client.fromSharedAccessSignature(tokenOf(await create('http6'), -3600), Http));
	await rejects(client.sendEvent(new Message('{}')), 'UnauthorizedError', { status: 401 });
});

test('a certificate is taken by its thumbprint, and another is not', async () => {
	const [own, other] = [certify('http7', { kind: 'ec' }), certify('http7-other', { kind: 'ec' })];
	await create('http7', selfSigned(own.print));
	const shown = (certificate) => keep(withCertificate('http7', certificate, Http));
	await shown(own).sendEvent(new Message('{}'));
	await rejects(shown(other).sendEvent(new Message('{}')), 'UnauthorizedError', { status: 401 });
});

test('nothing waits for a device', async () => {
	const client = clientOf(await create('http8'));
	client.on('message', () => assert.fail('a message'));
	client.on('error', assert.fail);
	await client.setOptions({ http: { receivePolicy: { manualPolling: true, drain: true } } });
	await client.open();
	client._transport.receive();
	assert.ok(await until(() => recorded('/devices/http8/messages/devicebound')?.status === 204));
});

// -- messages ------------------------------------------------------------------------------

// A device that asks when it is told to, and the next message that it gets.
async function receiver(deviceId) {
	const client = clientOf(await create(deviceId));
	const waiting = [];
	const messages = [];
	const give = () => {
		while (waiting.length && messages.length)
			waiting.shift()(messages.shift());
	};
	client.on('message', (message) => (messages.push(message), give()));
	client.on('error', assert.fail);
	await client.setOptions({ http: { receivePolicy: { manualPolling: true, drain: false } } });
	await client.open();
	return {
		client,
		next: () => new Promise((resolve) => {
			waiting.push(resolve);
			give();
			client._transport.receive();
		}),
	};
}

const send = (deviceId, text, more = {}) => {
	const message = new common.Message(text);
	Object.assign(message, more);
	message.properties.add('level', 'high');
	return service.send(deviceId, message);
};

const waits = async (deviceId) => bodyOf(await registry.get(deviceId)).cloudToDeviceMessageCount;

test('a message comes with its properties, and is completed', async () => {
	const { client, next } = await receiver('http10');
	await send('http10', 'hello', { messageId: 'm1', correlationId: 'c1', ack: 'full' });
	assert.equal(await waits('http10'), 1);
	const message = await next();
	assert.equal(message.data.toString(), 'hello');
	assert.equal(message.messageId, 'm1');
	assert.equal(message.correlationId, 'c1');
	assert.equal(message.to, '/devices/http10/messages/devicebound');
	assert.equal(message.properties.getValue('iothub-app-level'), 'high');
	await client.complete(message);
	assert.equal(await waits('http10'), 0);
	await rejects(client.complete(message), 'Error', { status: 412 }); // its lock is gone
});

test('a message that is abandoned comes again, with another lock', async () => {
	const { client, next } = await receiver('http11');
	await send('http11', 'again');
	const first = await next();
	await client.abandon(first);
	const second = await next();
	assert.notEqual(second.lockToken, first.lockToken);
	assert.equal(second.data.toString(), 'again');
	await client.complete(second);
});

test('a message that is rejected is gone', async () => {
	const { client, next } = await receiver('http12');
	await send('http12', 'no');
	await client.reject(await next());
	assert.equal(await waits('http12'), 0);
});

// -- methods -------------------------------------------------------------------------------

test('a method waits for a device that does not come', async () => {
	await create('http9');
	const call = { methodName: 'm', payload: null, responseTimeoutInSeconds: 5 };
	await assert.rejects(service.invokeDeviceMethod('http9', call), (err) => {
		assert.equal(err.response.statusCode, 404);
		assert.match(err.responseBody, /ErrorCode:DeviceNotOnline;/);
		return true;
	});
	const before = Date.now();
	await assert.rejects(service.invokeDeviceMethod('http9', { ...call, connectTimeoutInSeconds: 1 }), (err) => {
		assert.match(err.responseBody, /ErrorCode:DeviceNotOnline;/);
		return true;
	});
	assert.ok(Date.now() - before >= 1000);
});
