// azure-iot-device over AMQP, and azure-iothub's client, which sends to devices by it,
// against stmiot-hub: each operation, and each refusal.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import iothub from 'azure-iothub';
import common from 'azure-iot-common';
import device from 'azure-iot-device';
import transport from 'azure-iot-device-amqp';

const { Registry, Client: Service } = iothub;
const { Client, ModuleClient, Message } = device;
const { NoRetry } = common;
const { Amqp } = transport;
const dir = process.env.HUB_DIR;
const host = 'stmiot-local.azure-devices.net';
const owner = fs.readFileSync(`${dir}/connection-string`, 'utf8').trim();
const registry = Registry.fromConnectionString(owner);
const methods = Service.fromConnectionString(owner);
const responseOf = (result) => result.responseBody ?? result;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const temp = fs.mkdtempSync(path.join(os.tmpdir(), 'stmiot-sdk-'));
const service = Service.fromConnectionString(fs.readFileSync(`${dir}/policies/service`, 'utf8').trim());

test.before(() => service.open());
test.after(async () => {
	await service.close();
	fs.rmSync(temp, { recursive: true });
});

const create = async (deviceId, more = {}) => responseOf(await registry.create({ deviceId, ...more }));
const keyOf = (identity) => identity.authentication.symmetricKey.primaryKey;
const stringOf = (identity, key = keyOf(identity)) => `HostName=${host};DeviceId=${identity.deviceId};` +
	(identity.moduleId ? `ModuleId=${identity.moduleId};` : '') + `SharedAccessKey=${key}`;

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

function sas(resource, key, seconds, policy) {
	const sr = encodeURIComponent(resource);
	const se = Math.floor(Date.now() / 1000) + seconds;
	const sig = crypto.createHmac('sha256', Buffer.from(key, 'base64')).update(`${sr}\n${se}`).digest('base64');
	return `SharedAccessSignature sr=${sr}&sig=${encodeURIComponent(sig)}&se=${se}` + (policy ? `&skn=${policy}` : '');
}

// What the hub wrote: the SDK itself tells 45 s later that a connection was closed.
async function logged(text) {
	for (let i = 0; i < 400; i++) {
		if (text.test(fs.readFileSync(process.env.HUB_LOG, 'utf8')))
			return;
		await sleep(20);
	}
	assert.fail(`${text} is not in the log`);
}

const rejects = (promise, name) => assert.rejects(promise, (error) => {
	assert.equal(error.constructor.name, name, `${error.constructor.name}: ${error.message}`);
	return true;
});

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
	`HostName=${host};DeviceId=none;SharedAccessKey=${Buffer.alloc(32, 1).toString('base64')}`, Amqp)), 'UnauthorizedError'));

test('a device that is disabled', async (t) => {
	const identity = await create('disabled', { status: 'disabled' });
	await rejects(open(t, Client.fromConnectionString(stringOf(identity), Amqp)), 'UnauthorizedError');
});

test('a token that is over', async (t) => {
	const identity = await create('over');
	await rejects(open(t, Client.fromSharedAccessSignature(sas(`${host}/devices/over`, keyOf(identity), -1000), Amqp)),
		'UnauthorizedError');
});

test('a token ends while it is connected', async (t) => {
	const identity = await create('ends');
	const client = await open(t, Client.fromSharedAccessSignature(sas(`${host}/devices/ends`, keyOf(identity), 2), Amqp));
	await client.sendEvent(new Message('in time'));
	await logged(/its token has expired/);
});

test('a token is renewed', async (t) => {
	const identity = await create('renews');
	const token = (seconds) => sas(`${host}/devices/renews`, keyOf(identity), seconds);
	const client = await open(t, Client.fromSharedAccessSignature(token(3), Amqp));
	await client.sendEvent(new Message('first'));
	await client.updateSharedAccessSignature(token(100));
	await sleep(4000);
	await client.sendEvent(new Message('second'));
});

function certificate(name) {
	const file = path.join(temp, name);
	execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=${name}`,
		'-keyout', `${file}.key`, '-out', `${file}.pem`], { stdio: 'ignore' });
	const cert = fs.readFileSync(`${file}.pem`, 'utf8');
	return { cert, key: fs.readFileSync(`${file}.key`, 'utf8'),
		print: new crypto.X509Certificate(cert).fingerprint256.replaceAll(':', '') };
}

async function connectX509(t, deviceId, { cert, key }) {
	const client = Client.fromConnectionString(`HostName=${host};DeviceId=${deviceId};x509=true`, Amqp);
	client.setOptions({ cert, key });
	return open(t, client);
}

test('a device with a self-signed certificate', async (t) => {
	const shown = certificate('self-signed');
	await create('self-signed', { authentication: { type: 'selfSigned', x509Thumbprint: { primaryThumbprint: shown.print } } });
	const client = await connectX509(t, 'self-signed', shown);
	await client.sendEvent(new Message('x'));
});

test('a certificate with another thumbprint', async (t) => {
	await create('wrong-print', { authentication: { type: 'selfSigned', x509Thumbprint: { primaryThumbprint: 'ab'.repeat(32) } } });
	const client = await connectX509(t, 'wrong-print', certificate('wrong-print'));
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
	while (got.length < 1)
		await sleep(20);
	await client.abandon(got[0]);
	while (got.length < 2)
		await sleep(20);
	assert.equal(got[1].getData().toString(), 'twice');
	await client.reject(got[1]);
	await sleep(300);
	assert.equal(got.length, 2);
	assert.equal(responseOf(await registry.get('again')).cloudToDeviceMessageCount, 0);
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

test('feedback: completed and rejected', async (t) => {
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
	for (let i = 0; i < 950 && records.length < 2; i++)
		await sleep(20);
	records.sort((a, b) => a.originalMessageId < b.originalMessageId ? -1 : 1);
	assert.deepEqual(records.map((r) => [r.originalMessageId, r.statusCode, r.deviceId]),
		[['bad', 'Rejected', 'feedback'], ['good', 'Success', 'feedback']]);
}, { timeout: 25000 });

test('file notifications attach, and stay silent', () => new Promise((resolve, reject) =>
	service.getFileNotificationReceiver((error) => error ? reject(error) : resolve())));

test('a policy without ServiceConnect cannot send', async (t) => {
	const client = Service.fromConnectionString(fs.readFileSync(`${dir}/policies/registryRead`, 'utf8').trim());
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
	const attached = new Promise((resolve) => setTimeout(resolve, 300));
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
	await new Promise((resolve, reject) => twin.properties.reported.update({ seen: true }, (error) => error ? reject(error) : resolve()));
	assert.equal(responseOf(await registry.getTwin('twin')).properties.reported.seen, true);
	const deltas = [];
	twin.on('properties.desired', (delta) => deltas.push(delta));
	await sleep(300);
	await registry.updateTwin('twin', { properties: { desired: { after: 2 } } }, '*');
	for (let i = 0; i < 200 && !deltas.some((delta) => delta.after === 2); i++)
		await sleep(20);
	assert.equal(deltas.at(-1).after, 2);
});

test('a module: telemetry, and its twin', async (t) => {
	await create('with-module');
	const module = responseOf(await registry.addModule({ deviceId: 'with-module', moduleId: 'm' }));
	const client = await open(t, ModuleClient.fromConnectionString(stringOf(module), Amqp));
	await client.sendOutputEvent('out', new Message('x'));
	const twin = await client.getTwin();
	assert.ok(twin.properties.desired.$version >= 1);
});
