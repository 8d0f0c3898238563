// azure-iot-device over AMQP, and azure-iothub's client, which sends to devices by it,
// against stmiot-hub: each operation, and each refusal.
import assert from 'node:assert/strict';
import test from 'node:test';
import iothub from 'azure-iothub';
import common from 'azure-iot-common';
import device from 'azure-iot-device';
import transport from 'azure-iot-device-amqp';
import { bodyOf, certify, create, logged, owner, policy, registry, rejects, report, selfSigned, sleep,
	stringOf, tokenOf, until, withCertificate } from './lib/hub.mjs';

const { Client: Service } = iothub;
const { Client, ModuleClient, Message } = device;
const { NoRetry } = common;
const { Amqp } = transport;
const methods = Service.fromConnectionString(owner);
const service = Service.fromConnectionString(policy('service'));

test.before(() => service.open());
test.after(() => service.close());

async function open(t, client) {
	client.setRetryPolicy(new NoRetry());
	/* nobody waits for it: of a connection that the hub has closed it takes the SDK 45 s */
	t.after(() => { client.close().catch(() => {}); });
	await client.open();
	return client;
}

async function connect(t, deviceId) {
	const identity = await create(deviceId);
	return { identity, client: await open(t, Client.fromConnectionString(stringOf(identity), Amqp)) };
}

// -- who is let in -------------------------------------------------------------------------

test('a device with its key', async (t) => {
	const { client } = await connect(t, 'key');
	await client.sendEvent(new Message('x'));
});

test('a key of another device', async (t) => {
	const identity = await create('other-key');
	await rejects(open(t, Client.fromConnectionString(stringOf(identity, Buffer.alloc(32, 1).toString('base64')), Amqp)),
		'UnauthorizedError');
});

test('a device that is not registered', async (t) => rejects(open(t, Client.fromConnectionString(
	stringOf({ deviceId: 'none' }, Buffer.alloc(32, 1).toString('base64')), Amqp)), 'UnauthorizedError'));

test('a device that is disabled', async (t) => {
	const identity = await create('disabled', { status: 'disabled' });
	await rejects(open(t, Client.fromConnectionString(stringOf(identity), Amqp)), 'UnauthorizedError');
});

test('a token that is over', async (t) => {
	const identity = await create('over');
	await rejects(open(t, Client.fromSharedAccessSignature(tokenOf(identity, -1000), Amqp)), 'UnauthorizedError');
});

test('a token ends while it is connected', async (t) => {
	const identity = await create('ends');
	const client = await open(t, Client.fromSharedAccessSignature(tokenOf(identity, 2), Amqp));
	await client.sendEvent(new Message('in time'));
	await logged(/its token has expired/);
});

test('a token is renewed', async (t) => {
	const identity = await create('renews');
	const client = await open(t, Client.fromSharedAccessSignature(tokenOf(identity, 3), Amqp));
	await client.sendEvent(new Message('first'));
	await client.updateSharedAccessSignature(tokenOf(identity, 100));
	await sleep(4000);
	await client.sendEvent(new Message('second'));
});

test('a device with a self-signed certificate', async (t) => {
	const shown = certify('self-signed');
	await create('self-signed', selfSigned(shown.print));
	const client = await open(t, withCertificate('self-signed', shown, Amqp));
	await client.sendEvent(new Message('x'));
});

test('a certificate with another thumbprint', async (t) => {
	await create('wrong-print', selfSigned('ab'.repeat(32)));
	const client = await open(t, withCertificate('wrong-print', certify('wrong-print'), Amqp));
	await rejects(client.sendEvent(new Message('x')), 'UnauthorizedError');
});

test('connected again: the one before is closed', async (t) => {
	const { identity, client } = await connect(t, 'twice');
	await client.sendEvent(new Message('first'));
	const second = await open(t, Client.fromConnectionString(stringOf(identity), Amqp));
	await second.sendEvent(new Message('second'));
	await logged(/AMQP of twice is closed: the device has connected again/);
});

// -- messages to devices -------------------------------------------------------------------

test('a message with its properties, completed', async (t) => {
	const { client } = await connect(t, 'c2d');
	const message = new common.Message('to you');
	Object.assign(message, { messageId: 'id 1', correlationId: 'c1', contentType: 'text/plain', contentEncoding: 'utf-8' });
	message.properties.add('a', 'b');
	await service.send('c2d', message);
	const got = await new Promise((resolve) => client.on('message', resolve));
	assert.equal(got.getData().toString(), 'to you');
	assert.equal(got.messageId, 'id 1');
	assert.equal(got.correlationId, 'c1');
	assert.equal(got.contentType, 'text/plain');
	assert.deepEqual(got.properties.propertyList, [{ key: 'a', value: 'b' }]);
	await client.complete(got);
});

test('one that is abandoned comes again, one that is rejected does not', async (t) => {
	const { client } = await connect(t, 'again');
	const got = [];
	client.on('message', (message) => got.push(message));
	await service.send('again', 'twice');
	assert.ok(await until(() => got.length >= 1));
	await client.abandon(got[0]);
	assert.ok(await until(() => got.length >= 2));
	assert.equal(got[1].getData().toString(), 'twice');
	await client.reject(got[1]);
	await sleep(300);
	assert.equal(got.length, 2);
	assert.equal(bodyOf(await registry.get('again')).cloudToDeviceMessageCount, 0);
});

test('a message to a device that is not there', () => rejects(service.send('none', 'x'), 'DeviceNotFoundError'));

test('one that has expired already', async () => {
	await create('expired');
	const message = new common.Message('x');
	message.expiryTimeUtc = Date.now() - 1000;
	await rejects(service.send('expired', message), 'ArgumentError');
});

test('one that is too long', async () => {
	await create('long');
	await rejects(service.send('long', Buffer.alloc(65537)), 'MessageTooLargeError');
});

test('an iothub-ack that is none', async () => {
	await create('ack');
	const message = new common.Message('x');
	message.ack = 'maybe';
	await rejects(service.send('ack', message), 'ArgumentError');
});

test('the 51st that waits', async () => {
	await create('full');
	for (let i = 0; i < 50; i++)
		await service.send('full', `${i}`);
	await rejects(service.send('full', '50'), 'DeviceMaximumQueueDepthExceededError');
});

test('feedback: completed and rejected', { timeout: 25000 }, async (t) => {
	const receiver = await new Promise((resolve, reject) =>
		service.getFeedbackReceiver((error, got) => error ? reject(error) : resolve(got)));
	const records = [];
	receiver.on('message', (message) => {
		records.push(...JSON.parse(message.getData()));
		receiver.complete(message);
	});
	const { client } = await connect(t, 'feedback');
	client.on('message', (message) => message.messageId === 'good' ? client.complete(message) : client.reject(message));
	for (const messageId of ['good', 'bad']) {
		const message = new common.Message('x');
		Object.assign(message, { messageId, ack: 'full' });
		await service.send('feedback', message);
		await sleep(500); // the SDK accepts and rejects by one frame what it settles at once
	}
	await until(() => records.length >= 2, 19000);
	records.sort((a, b) => a.originalMessageId < b.originalMessageId ? -1 : 1);
	assert.deepEqual(records.map((r) => [r.originalMessageId, r.statusCode, r.deviceId]),
		[['bad', 'Rejected', 'feedback'], ['good', 'Success', 'feedback']]);
});

test('file notifications attach, and stay silent', () => new Promise((resolve, reject) =>
	service.getFileNotificationReceiver((error) => error ? reject(error) : resolve())));

test('a policy without ServiceConnect cannot send', async (t) => {
	const client = Service.fromConnectionString(policy('registryRead'));
	t.after(() => client.close());
	await client.open();
	await rejects(client.send('c2d', 'x'), 'UnauthorizedError');
});

test('a wrong key of a policy', async () => {
	const text = owner.replace(/SharedAccessKey=.*/, `SharedAccessKey=${Buffer.alloc(32, 1).toString('base64')}`);
	await assert.rejects(Service.fromConnectionString(text).open());
});

// -- methods and twins ---------------------------------------------------------------------

test('a direct method', async (t) => {
	const { client } = await connect(t, 'method');
	const attached = sleep(300);
	client.onDeviceMethod('reboot', (request, response) => response.send(201, { got: request.payload }));
	await attached;
	const { result } = await methods.invokeDeviceMethod('method', { methodName: 'reboot', payload: { in: 5 }, responseTimeoutInSeconds: 5 });
	assert.deepEqual(result, { status: 201, payload: { got: { in: 5 } } });
});

test('a device that takes no methods', async (t) => {
	await connect(t, 'no-method');
	await assert.rejects(methods.invokeDeviceMethod('no-method', { methodName: 'reboot', responseTimeoutInSeconds: 5 }));
});

test('twins: get, report, and desired properties that change', async (t) => {
	const { client } = await connect(t, 'twin');
	await registry.updateTwin('twin', { properties: { desired: { before: 1 } } }, '*');
	const twin = await client.getTwin();
	assert.equal(twin.properties.desired.before, 1);
	await report(twin, { seen: true });
	assert.equal(bodyOf(await registry.getTwin('twin')).properties.reported.seen, true);
	const deltas = [];
	twin.on('properties.desired', (delta) => deltas.push(delta));
	await sleep(300);
	await registry.updateTwin('twin', { properties: { desired: { after: 2 } } }, '*');
	await until(() => deltas.some((delta) => delta.after === 2));
	assert.equal(deltas.at(-1).after, 2);
});

test('a module: telemetry, and its twin', async (t) => {
	await create('with-module');
	const module = bodyOf(await registry.addModule({ deviceId: 'with-module', moduleId: 'm' }));
	const client = await open(t, ModuleClient.fromConnectionString(stringOf(module), Amqp));
	await client.sendOutputEvent('out', new Message('x'));
	const twin = await client.getTwin();
	assert.ok(twin.properties.desired.$version >= 1);
});
