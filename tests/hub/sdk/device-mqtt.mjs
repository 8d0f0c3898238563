// Every operation of azure-iot-device over MQTT against stmiot-hub, with its refusals.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import * as eventHubs from '@azure/event-hubs';
import iothub from 'azure-iothub';
import common from 'azure-iot-common';
import device from 'azure-iot-device';
import transport from 'azure-iot-device-mqtt';
import provisioning from 'azure-iot-provisioning-service';
import provisioningDevice from 'azure-iot-provisioning-device';
import { Mqtt as ProvisioningMqtt } from 'azure-iot-provisioning-device-mqtt';
import { SymmetricKeySecurityClient } from 'azure-iot-security-symmetric-key';
import { X509Security } from 'azure-iot-security-x509';
import { bodyOf, certify, create, dir, eventHub, host, logged, logLength, owner, read, registry, rejects, report, selfSigned,
	sleep, stringOf, tokenOf, until, withCertificate } from './lib/hub.mjs';

const { Client: Service } = iothub;
const { Client, ModuleClient, Message, SharedAccessKeyAuthenticationProvider } = device;
const { NoRetry } = common;
const { Mqtt } = transport;
const { ProvisioningServiceClient } = provisioning;
const { ProvisioningDeviceClient } = provisioningDevice;
const service = Service.fromConnectionString(owner);

test.after(() => service.close());

// An open client, closed at the end of the test.
async function open(t, client) {
	client.setRetryPolicy(new NoRetry());
	t.after(() => client.close().catch(() => {}));
	await client.open();
	return client;
}

const openDevice = (t, identity) => open(t, Client.fromConnectionString(stringOf(identity), Mqtt));

// A test about a device of its own.
let count = 0;
const deviceTest = (name, run) => test(name, async (t) => run(t, await create(`dev${++count}`)));

async function refused(t, client, kind, why) {
	const from = logLength();
	await rejects(open(t, client), kind);
	await logged(why, from);
}

// -- who is let in -----------------------------------------------------------------------

deviceTest('a key opens a device', (t, dev) => openDevice(t, dev));

deviceTest('so does the secondary one', (t, dev) => open(t, Client.fromConnectionString(
	stringOf(dev, dev.authentication.symmetricKey.secondaryKey), Mqtt)));

deviceTest('and a token', (t, dev) => open(t, Client.fromSharedAccessSignature(tokenOf(dev, 60), Mqtt)));

deviceTest('the model that a device names is in its twin', async (t, dev) => {
	const modelId = 'dtmi:com:example:Thermostat;1';
	const modelOf = async () => bodyOf(await registry.getTwin(dev.deviceId)).modelId;
	assert.equal(await modelOf(), '');
	const client = Client.fromConnectionString(stringOf(dev), Mqtt);
	await client.setOptions({ modelId });
	await open(t, client);
	assert.equal(await modelOf(), modelId);
	await client.close();
	await openDevice(t, dev); // and names none
	assert.equal(await modelOf(), modelId);
});

deviceTest('a key that is not its own: refused', (t, dev) => refused(t,
	Client.fromConnectionString(stringOf(dev, Buffer.alloc(32).toString('base64')), Mqtt), 'UnauthorizedError',
	/not signed with a key of the identity.*401003/));

deviceTest('a token that has expired: refused', (t, dev) => refused(t,
	Client.fromSharedAccessSignature(tokenOf(dev, -400), Mqtt), 'UnauthorizedError',
	/the token expired at.*401003/));

test('a device that is not registered: refused', (t) => refused(t,
	Client.fromConnectionString(stringOf({ deviceId: 'nobody' }, Buffer.alloc(32).toString('base64')), Mqtt),
	'UnauthorizedError', /not registered: device 'nobody'.*404001/));

deviceTest('a device that is disabled: refused', async (t, dev) => {
	await registry.update({ ...dev, status: 'disabled' });
	await refused(t, Client.fromConnectionString(stringOf(dev), Mqtt), 'UnauthorizedError', /the identity is disabled/);
});

deviceTest('a second connection takes the place of the first', async (t, dev) => {
	const from = logLength();
	const first = await openDevice(t, dev);
	const gone = once(first, 'disconnect');
	await openDevice(t, dev);
	await gone;
	await logged(/the device has connected again \(400027\)/, from);
});

deviceTest('a token that expires ends the connection', async (t, dev) => {
	const from = logLength();
	const client = await open(t, Client.fromSharedAccessSignature(tokenOf(dev, 2), Mqtt));
	await once(client, 'disconnect');
	await logged(/the token has expired/, from);
});

deviceTest('a token is renewed before it expires', async (t, dev) => {
	const provider = SharedAccessKeyAuthenticationProvider.fromConnectionString(stringOf(dev), 4, 2);
	const client = Client.fromAuthenticationProvider(provider, Mqtt);
	t.after(() => client.close().catch(() => {}));
	await client.open();
	for (let i = 0; i < 12; i++) {
		await client.sendEvent(new Message(`${i}`));
		await sleep(500);
	}
});

// -- certificates ------------------------------------------------------------------------

// What signs for devices.
const ca = { certFile: `${dir}/device-cas.pem`, keyFile: process.env.HUB_DEVICE_CA_KEY };

test('a certificate with the registered thumbprint opens a device', async (t) => {
	const shown = certify('thumb');
	await create('thumb', selfSigned(shown.print));
	const client = await open(t, withCertificate('thumb', shown, Mqtt));
	await client.sendEvent(new Message('by certificate'));
});

test('one with another thumbprint: refused', async (t) => {
	await create('thumb2', selfSigned('ab'.repeat(32)));
	await refused(t, withCertificate('thumb2', certify('thumb2'), Mqtt), 'UnauthorizedError', /neither of the registered thumbprints/);
});

test('a certificate of the CA of devices opens the device that it names', async (t) => {
	await create('byca', { authentication: { type: 'certificateAuthority' } });
	const client = await open(t, withCertificate('byca', certify('byca', { ca }), Mqtt));
	await client.sendEvent(new Message('by CA'));
});

test('but no other: refused', async (t) => {
	await create('byca2', { authentication: { type: 'certificateAuthority' } });
	await refused(t, withCertificate('byca2', certify('byca', { ca }), Mqtt), 'UnauthorizedError', /common name is not the id/);
});

test('a certificate of another CA: refused', async (t) => {
	await create('byca3', { authentication: { type: 'certificateAuthority' } });
	await refused(t, withCertificate('byca3', certify('byca3'), Mqtt), 'UnauthorizedError', /does not lead to a CA in device-cas.pem/);
});

// -- telemetry ---------------------------------------------------------------------------

deviceTest('telemetry with properties is acknowledged', async (t, dev) => {
	const client = await openDevice(t, dev);
	const message = new Message(JSON.stringify({ temperature: 21.5 }));
	message.messageId = 'id1';
	message.contentType = 'application/json';
	message.contentEncoding = 'utf-8';
	message.properties.add('k é', 'v=1&2');
	await client.sendEvent(message);
	await client.sendEvent(new Message(Buffer.from([0, 1, 2, 255])));
});

deviceTest('so are a hundred at a time', async (t, dev) => {
	const client = await openDevice(t, dev);
	await Promise.all(Array.from({ length: 100 }, (_, i) => client.sendEvent(new Message(`${i}`))));
});

// What a device sent last, as services read it.
async function lastEvent(deviceId) {
	const reader = new eventHubs.EventHubConsumerClient('$Default', eventHub);
	try {
		return await new Promise((resolve, reject) => {
			const found = [];
			reader.subscribe({
				processEvents: async (events) => {
					found.push(...events.filter((e) => e.systemProperties['iothub-connection-device-id'] === deviceId));
					if (found.length)
						resolve(found.at(-1));
				},
				processError: async (err) => reject(err),
			}, { startPosition: eventHubs.earliestEventPosition });
		});
	} finally {
		await reader.close();
	}
}

deviceTest('a service reads it byte for byte, with what the hub says of it', async (t, dev) => {
	const client = await openDevice(t, dev);
	const message = new Message(Buffer.from([0, 1, 2, 255]));
	message.messageId = 'id1';
	message.correlationId = 'cid';
	message.userId = 'me';
	message.contentType = 'application/octet-stream';
	message.properties.add('k é', 'v=1&2');
	message.properties.add('empty', '');
	await client.sendEvent(message);
	const event = await lastEvent(dev.deviceId);
	assert.deepEqual([...event.body], [0, 1, 2, 255]);
	assert.equal(event.messageId, 'id1');
	assert.equal(event.correlationId, 'cid');
	assert.equal(event.contentType, 'application/octet-stream');
	assert.deepEqual(event.properties, { 'k é': 'v=1&2', empty: '' });
	assert.equal(event.systemProperties['iothub-message-source'], 'Telemetry');
	assert.equal(event.systemProperties['iothub-connection-auth-generation-id'], dev.generationId);
	assert.deepEqual(JSON.parse(event.systemProperties['iothub-connection-auth-method']),
		{ scope: 'device', type: 'sas', issuer: 'iothub', acceptingIpFilterRule: null });
});

// -- from the cloud ----------------------------------------------------------------------

function c2d(body, id) {
	const message = new Message(body);
	message.messageId = id;
	message.properties.add('p1', 'v 1');
	return message;
}

// The next message that comes.
const next = (client) => once(client, 'message').then(([message]) => message);

deviceTest('a message from the cloud goes to the device, which completes it', async (t, dev) => {
	const client = await openDevice(t, dev);
	const coming = next(client);
	await sleep(100);
	await service.send(dev.deviceId, c2d('hello', 'm1'));
	const message = await coming;
	assert.equal(message.data.toString(), 'hello');
	assert.equal(message.messageId, 'm1');
	assert.deepEqual(message.properties.propertyList, [{ key: 'p1', value: 'v 1' }]);
	await client.complete(message);
});

deviceTest('it waits for a device that is away', async (t, dev) => {
	await service.send(dev.deviceId, c2d('early', 'm1'));
	await service.send(dev.deviceId, c2d('late', 'm2'));
	const client = await openDevice(t, dev);
	const got = [];
	client.on('message', (message) => got.push(message.messageId));
	await until(() => got.length >= 2);
	assert.deepEqual(got, ['m1', 'm2']);
});

deviceTest('the queue of a device holds fifty', async (t, dev) => {
	for (let i = 0; i < 50; i++)
		await service.send(dev.deviceId, c2d('x', `m${i}`));
	await assert.rejects(service.send(dev.deviceId, c2d('x', 'one too many')));
});

// -- methods -----------------------------------------------------------------------------

const call = (dev, methodName, payload, more = {}) => {
	const params = { methodName, payload, responseTimeoutInSeconds: 5, ...more };
	return (dev.moduleId ? service.invokeDeviceMethod(dev.deviceId, dev.moduleId, params)
		: service.invokeDeviceMethod(dev.deviceId, params)).then(bodyOf);
};

deviceTest('a method goes to the device and its answer back', async (t, dev) => {
	const client = await openDevice(t, dev);
	client.onDeviceMethod('reboot', (request, response) => response.send(207, { was: request.payload }));
	await sleep(100);
	assert.deepEqual(await call(dev, 'reboot', { x: 1 }), { status: 207, payload: { was: { x: 1 } } });
});

deviceTest('a method that the device does not answer: 504', async (t, dev) => {
	const client = await openDevice(t, dev);
	client.onDeviceMethod('mute', () => {});
	await sleep(100);
	await assert.rejects(call(dev, 'mute', null), (err) => err.constructor.name === 'GatewayTimeoutError');
});

deviceTest('a method of a device that takes none: not online', async (t, dev) => {
	await openDevice(t, dev);
	await assert.rejects(call(dev, 'reboot', null), (err) => /404103|DeviceNotOnline|Not found/i.test(`${err.message} ${err.responseBody}`));
});

deviceTest('a method waits for a device that is about to come', async (t, dev) => {
	const answer = call(dev, 'late', 'hello', { connectTimeoutInSeconds: 5 });
	await sleep(200);
	const client = await openDevice(t, dev);
	client.onDeviceMethod('late', (request, response) => response.send(200, request.payload));
	assert.deepEqual(await answer, { status: 200, payload: 'hello' });
});

// -- twins -------------------------------------------------------------------------------

const twinOf = async (dev) => bodyOf(dev.moduleId ? await registry.getModuleTwin(dev.deviceId, dev.moduleId)
	: await registry.getTwin(dev.deviceId));

deviceTest('a device reads its twin', async (t, dev) => {
	await registry.updateTwin(dev.deviceId, { tags: { hidden: 1 }, properties: { desired: { rate: 5, deep: { er: true } } } }, '*');
	const twin = await (await openDevice(t, dev)).getTwin();
	assert.equal(twin.properties.desired.rate, 5);
	assert.deepEqual(twin.properties.desired.deep, { er: true });
	assert.equal(twin.properties.desired.$version, 2);
	assert.equal(twin.properties.reported.$version, 1);
	assert.equal(twin.tags, undefined);
});

deviceTest('it reports properties, and takes them away', async (t, dev) => {
	const twin = await (await openDevice(t, dev)).getTwin();
	await report(twin, { a: 1, b: { c: 'x' } });
	await report(twin, { a: null, b: { d: 2 } });
	const { reported } = (await twinOf(dev)).properties;
	assert.equal(reported.$version, 3);
	assert.equal(reported.a, undefined);
	assert.deepEqual(reported.b, { c: 'x', d: 2 });
	assert.ok(reported.$metadata.b.$lastUpdated);
});

deviceTest('more than 32 KB of them: refused, and the connection stays', async (t, dev) => {
	const from = logLength();
	const twin = await (await openDevice(t, dev)).getTwin();
	await assert.rejects(report(twin, Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`k${i}`, 'x'.repeat(4000)]))));
	await logged(/twin: 400 ArgumentInvalid: Properties are at most 32 KB/, from);
	await report(twin, { a: 1 });
});

deviceTest('it hears of desired properties', async (t, dev) => {
	const twin = await (await openDevice(t, dev)).getTwin();
	const heard = [];
	twin.on('properties.desired', (delta) => heard.push(delta));
	await sleep(200);
	await registry.updateTwin(dev.deviceId, { properties: { desired: { rate: 7 } } }, '*');
	await until(() => heard.length >= 2);
	assert.deepEqual(heard.at(-1), { rate: 7, $version: 2 });
});

// -- modules -----------------------------------------------------------------------------

async function openModule(t, deviceId) {
	await create(deviceId);
	await registry.addModule({ deviceId, moduleId: 'm1' });
	const module = bodyOf(await registry.getModule(deviceId, 'm1'));
	return [module, await open(t, ModuleClient.fromConnectionString(stringOf(module), Mqtt))];
}

test('a module sends telemetry', async (t) => {
	const [, client] = await openModule(t, 'with-module');
	await client.sendEvent(new Message('from a module'));
});

test('a module has methods of its own', async (t) => {
	const [module, client] = await openModule(t, 'with-methods');
	client.onMethod('go', (request, response) => response.send(200, { at: 'module' }));
	await sleep(100);
	assert.deepEqual(await call(module, 'go', null), { status: 200, payload: { at: 'module' } });
	await assert.rejects(call({ deviceId: 'with-methods' }, 'go', null));
});

test('a module has a twin of its own', async (t) => {
	const [module, client] = await openModule(t, 'with-twin');
	await report(await client.getTwin(), { of: 'module' });
	assert.equal((await twinOf(module)).properties.reported.of, 'module');
	assert.equal((await twinOf({ deviceId: 'with-twin' })).properties.reported.of, undefined);
});

// -- provisioning ------------------------------------------------------------------------

const dps = ProvisioningServiceClient.fromConnectionString(read('dps-connection-string'));
const scope = read('dps-id-scope');
const register = (security) => ProvisioningDeviceClient.create('global.azure-devices-provisioning.net', scope,
	new ProvisioningMqtt(), security).register();

async function enroll(registrationId, attestation) {
	const made = bodyOf(await dps.createOrUpdateIndividualEnrollment({ registrationId, attestation }));
	return attestation.type === 'symmetricKey'
		? bodyOf(await dps.getIndividualEnrollmentAttestationMechanism(made.registrationId)).symmetricKey.primaryKey : null;
}

test('a device finds its hub by DPS, with a key, and opens there', async (t) => {
	const key = await enroll('by-key', { type: 'symmetricKey' });
	const { assignedHub, deviceId } = await register(new SymmetricKeySecurityClient('by-key', key));
	assert.deepEqual([assignedHub, deviceId], [host, 'by-key']);
	await open(t, Client.fromConnectionString(`HostName=${assignedHub};DeviceId=${deviceId};SharedAccessKey=${key}`, Mqtt));
});

test('with a certificate', async (t) => {
	const shown = certify('by-certificate');
	await enroll('by-certificate', { type: 'x509', x509: { clientCertificates: { primary: { certificate: shown.cert } } } });
	const { deviceId } = await register(new X509Security('by-certificate', { cert: shown.cert, key: shown.key }));
	assert.equal(deviceId, 'by-certificate');
	await open(t, withCertificate(deviceId, shown, Mqtt));
});

test('with a key that is not its own: refused', async () => {
	const from = logLength();
	await enroll('by-other', { type: 'symmetricKey' });
	await assert.rejects(register(new SymmetricKeySecurityClient('by-other', Buffer.alloc(64).toString('base64'))));
	await logged(/registration by-other: 401/, from);
});
