// `stmiot` and Microsoft's SDKs, each as the other's witness: what devices of the SDK send and
// what `stmiot monitor` shows, what `stmiot` sends and what @azure/event-hubs reads; methods and
// messages of `stmiot device` at devices of the SDK.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import test from 'node:test';
import { EventHubConsumerClient, earliestEventPosition } from '@azure/event-hubs';
import device from 'azure-iot-device';
import amqp from 'azure-iot-device-amqp';
import http from 'azure-iot-device-http';
import mqtt from 'azure-iot-device-mqtt';
import { create, dir, eventHub, sleep, stringOf, temp, until } from './lib/hub.mjs';

const { Client, Message } = device;
const env = { ...process.env, XDG_CONFIG_HOME: temp, XDG_STATE_HOME: temp, STMIOT_BUS: 'sim', NO_COLOR: '1' };
delete env.STMIOT_HUB_CONNECTION_STRING;
delete env.STMIOT_EVENTHUB_CONNECTION_STRING;

// A running stmiot, with what it has written; `ended` is its status.
function run(args, { input } = {}) {
	const child = spawn(path.resolve(process.env.STMIOT_BUILD ?? 'build', 'bin/stmiot'), args, { env });
	const it = { out: '', err: '', child };
	child.stdout.setEncoding('utf8').on('data', (text) => (it.out += text));
	child.stderr.setEncoding('utf8').on('data', (text) => (it.err += text));
	child.stdin.on('error', () => {}).end(input);
	it.ended = new Promise((resolve) => child.on('close', (status) => {
		it.status = status;
		resolve(it);
	}));
	it.lines = () => it.out.split('\n').slice(0, -1).map((line) => JSON.parse(line));
	it.until = async (done, what) => {
		assert.ok(await until(() => done(it)), `${what}: ${it.status} ${it.out.slice(-500)} ${it.err}`);
		return it;
	};
	return it;
}

// It is to end well, or with the status that is given.
async function stmiot(args, { status = 0, ...more } = {}) {
	const it = await run(args, more).ended;
	assert.equal(it.status, status, it.out + it.err);
	return it;
}

// A running `stmiot monitor --json`, connected.
async function monitor(t, ...args) {
	const it = run(['monitor', '--json', ...args]);
	t.after(() => (it.child.kill(), it.ended));
	await it.until(() => /connected: 4 partitions/.test(it.err), 'the monitor connects');
	it.events = async (count) => (await it.until(() => it.lines().length >= count, `${count} events`)).lines();
	return it;
}

test.before(() => stmiot(['hub', 'add', 'local', '--use', '--ca', `${dir}/ca.pem`,
	'--connection-string-file', `${dir}/connection-string`]));

async function open(t, identity, transport) {
	const client = Client.fromConnectionString(stringOf(identity), transport);
	t.after(() => client.close());
	await client.open();
	return client;
}

// -- what is sent ----------------------------------------------------------------------------

const binary = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
const bodies = {
	'text of all kinds': Buffer.from('Grüße "quoted" \\ % 日本 \u{1f600} \t end'),
	'bytes of all values, with zeros': binary,
	'nothing': Buffer.alloc(0),
	'200 KB': Buffer.alloc(200 * 1024, binary),
};
const all = { 'per%cent': '100 % %41', 'eq=ual': 'a=b&c=d', 'ümläut': 'Größe ß 日本', 'empty': '', '$.odd': '+ /?#;' };

// The bytes of a body that the monitor shows.
const bytesOf = (event) => Buffer.from(event.body, event.body_type === 'base64' ? 'base64' : 'utf8');

const known = (identity) => ({
	'iothub-connection-device-id': identity.deviceId,
	'iothub-connection-auth-method': '{"scope":"device","type":"sas","issuer":"iothub","acceptingIpFilterRule":null}',
	'iothub-connection-auth-generation-id': identity.generationId,
	'iothub-message-source': 'Telemetry',
});

// Over HTTP properties are headers, in the names and values that the SDK may give these.
const headers = { 'per%cent': '100 % %41 a=b&c=d', 'empty': '', '$.odd': '+ /?#;' };

for (const [name, transport, properties] of [['MQTT', mqtt.Mqtt, all], ['AMQP', amqp.Amqp, all], ['HTTP', http.Http, headers]])
	test(`${name}: what a device of the SDK sends, the monitor shows`, async (t) => {
		const identity = await create(`sdk-${name}`);
		const client = await open(t, identity, transport);
		const shows = await monitor(t);
		for (const [which, body] of Object.entries(bodies)) {
			const message = new Message(body);
			message.messageId = `id of % ${which}`;
			message.correlationId = 'c=1 & %C3';
			message.contentType = 'application/x-any';
			message.contentEncoding = 'utf-8';
			for (const [key, value] of Object.entries(properties))
				message.properties.add(key, value);
			await client.sendEvent(message);
		}
		const events = await shows.events(4);
		for (const [i, [which, body]] of Object.entries(bodies).entries()) {
			const event = events[i];
			assert.ok(bytesOf(event).equals(body), `${which}: ${event.body.slice(0, 500)}`);
			assert.equal(event.message_id, `id of % ${which}`);
			assert.equal(event.correlation_id, 'c=1 & %C3');
			assert.equal(event.content_type, 'application/x-any');
			assert.equal(event.content_encoding, 'utf-8');
			assert.deepEqual(event.properties, properties);
			assert.equal(event.device, identity.deviceId);
			assert.ok(Math.abs(Date.parse(event.time) - Date.now()) < 60000);
			for (const [key, value] of Object.entries(known(identity)))
				assert.equal(event.annotations[key], value, key);
		}
	});

test('an event of JSON is shown as such', async (t) => {
	const client = await open(t, await create('sdk-json'), mqtt.Mqtt);
	const shows = await monitor(t);
	const message = new Message('{"temperature":21.50,"on":true}');
	message.contentType = 'application/json';
	message.contentEncoding = 'utf-8';
	await client.sendEvent(message);
	const [event] = await shows.events(1);
	assert.deepEqual([event.body_type, event.body], ['json', { temperature: 21.5, on: true }]);
	assert.match(shows.out, /"body":{"temperature":21.50,"on":true}/);
});

// All events of a device that @azure/event-hubs reads, when there are as many.
async function read(deviceId, count) {
	const reader = new EventHubConsumerClient('other', eventHub);
	const found = [];
	const reading = reader.subscribe({
		processEvents: async (events) => {
			found.push(...events.filter((e) => e.systemProperties['iothub-connection-device-id'] === deviceId));
		},
		processError: async (error) => found.push(error),
	}, { startPosition: earliestEventPosition });
	await until(() => found.length >= count);
	await reading.close();
	await reader.close();
	assert.equal(found.length, count);
	return found;
}

const telemetryOptions = [...Object.entries(all).filter(([key]) => !key.includes('='))
	.flatMap(([key, value]) => ['--property', `${key}=${value}`]),
'--content-type', 'text/x-any; a=b', '--content-encoding', 'utf-8', '--correlation-id', 'c=1 & ü'];

function checkSent(event, body, identity) {
	const { 'eq=ual': none, ...rest } = all;
	assert.ok(Buffer.from(event.body).equals(body), `${event.body}`);
	assert.deepEqual(event.properties, rest);
	assert.equal(event.correlationId, 'c=1 & ü');
	assert.equal(event.contentType, 'text/x-any; a=b');
	assert.equal(event.getRawAmqpMessage().properties.contentEncoding, 'utf-8');
	assert.equal(event.systemProperties['iothub-connection-auth-generation-id'], identity.generationId);
}

test('what stmiot sends as a device, @azure/event-hubs reads', async () => {
	const identity = await create('ours');
	const text = bodies['text of all kinds'];
	await stmiot(['device', 'send', '--as-device', 'ours', text.toString(), '--message-id', 'id %1', ...telemetryOptions]);
	await stmiot(['device', 'send', '--as-device', 'ours', ...telemetryOptions]);
	const [first, second] = await read('ours', 2);
	checkSent(first, text, identity);
	assert.equal(first.messageId, 'id %1');
	checkSent(second, Buffer.alloc(0), identity);
});

test('and lines of standard input, of any bytes', async () => {
	const identity = await create('lines');
	const lines = [binary.filter((byte) => byte !== 10), Buffer.alloc(0), bodies['200 KB'].filter((byte) => byte !== 10)];
	await stmiot(['device', 'send', '--as-device', 'lines', '-', ...telemetryOptions],
		{ input: Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')])) });
	const events = await read('lines', 3);
	lines.forEach((line, i) => checkSent(events[i], line, identity));
});

// -- an epoch --------------------------------------------------------------------------------

test('a reader with an epoch has the group: the monitor says so, and reads by another', async (t) => {
	const client = await open(t, await create('epoch'), mqtt.Mqtt);
	await client.sendEvent(new Message('for the other group'));
	const reader = new EventHubConsumerClient('$Default', eventHub);
	let reads = 0;
	const reading = reader.subscribe({
		processEvents: async () => { reads++; },
		processError: async () => {},
	}, { startPosition: earliestEventPosition, ownerLevel: 1, maxWaitTimeInSeconds: 1 });
	t.after(async () => {
		await reading.close();
		await reader.close();
	});
	await until(() => reads >= 4);
	const it = await stmiot(['monitor', '--json', '--since', 'start'], { status: 6 });
	assert.match(it.err, /another reader has the consumer group for itself \(by an epoch\)/);
	assert.match(it.err, /--group NAME reads by that consumer group/);
	const other = await stmiot(['monitor', '--json', '--since', 'start', '--group', 'other', '--count', '1', 'epoch']);
	assert.equal(other.lines()[0].body, 'for the other group');
});

// -- methods ---------------------------------------------------------------------------------

for (const [name, transport] of Object.entries({ MQTT: mqtt.Mqtt, AMQP: amqp.Amqp }))
	test(`${name}: a device of the SDK answers a method of stmiot`, async (t) => {
		const id = `method-${name}`;
		const client = await open(t, await create(id), transport);
		client.onDeviceMethod('blink', (request, response) => response.send(200, { got: request.payload }));
		client.onDeviceMethod('refuse', (request, response) => response.send(400, 'no'));
		await sleep(300);
		const good = await stmiot(['device', 'call', id, 'blink', '{"ms":250,"ü":[1,null]}', '--json']);
		assert.deepEqual(JSON.parse(good.out), { status: 200, payload: { got: { ms: 250, 'ü': [1, null] } } });
		const bad = await stmiot(['device', 'call', id, 'refuse', '--json'], { status: 1 });
		assert.deepEqual(JSON.parse(bad.out), { status: 400, payload: 'no' });
		assert.match(bad.err, /answers with status 400/);
	});

test('a method that a device of the SDK does not answer', async (t) => {
	const client = await open(t, await create('silent'), mqtt.Mqtt);
	client.onDeviceMethod('silent', () => {});
	await sleep(300);
	const it = await stmiot(['device', 'call', 'silent', 'silent', '--timeout', '5s'], { status: 6 });
	assert.match(it.err, /does not answer in time/);
});

test('a method of a device that is offline', async () => {
	await create('offline');
	const it = await stmiot(['device', 'call', 'offline', 'blink', '--no-retry'], { status: 6 });
	assert.match(it.err, /the device is not connected/);
});

// -- messages to a device ------------------------------------------------------------------------

// A device that gets messages, and settles each as the word at the end of its body says.
async function receiver(t, id, transport) {
	const client = await open(t, await create(id), transport);
	const got = [];
	client.on('message', (message) => {
		got.push(message);
		client[message.data.toString().split(' ').at(-1)](message, () => {});
	});
	await sleep(300);
	return got;
}

const options = ['--property', 'per%cent=1=2 & ü', '--property', 'empty=', '--correlation-id', 'c', '--content-type', 'text/plain'];

function checkGot(message, body) {
	assert.equal(message.data.toString(), body);
	assert.equal(message.correlationId, 'c');
	assert.equal(message.contentType, 'text/plain');
	const own = message.properties.propertyList.filter(({ key }) => !key.startsWith('iothub-'));
	assert.deepEqual(Object.fromEntries(own.map(({ key, value }) => [key, value])), { 'per%cent': '1=2 & ü', empty: '' });
}

const endings = (it) => it.lines().filter((line) => line.event === 'feedback').map((line) => [line.message_id, line.status]);

// Over MQTT nothing can be rejected.
test('MQTT: a device of the SDK gets a message of stmiot', async (t) => {
	const got = await receiver(t, 'message-MQTT', mqtt.Mqtt);
	const it = await stmiot(['device', 'send', 'message-MQTT', 'Grüße %41 complete', '--message-id', 'the % id',
		'--wait', '--json', ...options]);
	assert.equal(got.length, 1);
	checkGot(got[0], 'Grüße %41 complete');
	assert.equal(got[0].messageId, 'the % id');
	assert.deepEqual(endings(it), [['the % id', 'Success']]);
});

// One message at a time: rhea 1.0.24 (lib/session.js, write_dispositions) tells two outcomes of
// one read with the state of the first, so that the SDK accepts what it was told to reject.
test('AMQP: it completes one and rejects another', async (t) => {
	const got = await receiver(t, 'message-AMQP', amqp.Amqp);
	const send = (body, status) => stmiot(['device', 'send', 'message-AMQP', body, '--wait', '--json', ...options], { status });
	const good = await send('Grüße %41 complete', 0);
	const bad = await send('and reject', 1);
	assert.equal(got.length, 2);
	checkGot(got[0], 'Grüße %41 complete');
	checkGot(got[1], 'and reject');
	assert.deepEqual(endings(good), [[got[0].messageId, 'Success']]);
	assert.deepEqual(endings(bad), [[got[1].messageId, 'Rejected']]);
});
