// The built-in endpoint of stmiot-hub over AMQP: @azure/event-hubs, its version 2.1.4, which
// finds it by IoT Hub's redirect, and Debian's uamqp, with which `az iot hub monitor-events`
// reads. What is read is sent by azure-iot-device.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import test from 'node:test';
import { EventHubConsumerClient, earliestEventPosition, latestEventPosition } from '@azure/event-hubs';
import old from 'event-hubs-2';
import device from 'azure-iot-device';
import transport from 'azure-iot-device-amqp';
import rhea from 'rhea';
import { create, dir, endpointOf, entity, host, keyIn, policy, sas, sleep, stringOf, until } from './lib/hub.mjs';

// A reader that does not try again, closed at the end of the test.
function reader(t, { group = '$Default', by = 'service', key, name = entity } = {}) {
	const client = new EventHubConsumerClient(group, endpointOf(by, key), name, { retryOptions: { maxRetries: 0 } });
	client.subscriptions = [];
	t.after(async () => {
		await Promise.all(client.subscriptions.map((s) => s.close()));
		await client.close();
	});
	return client;
}

// A reader's events and errors, from one partition; `until` waits for as many.
function collect(client, partition, options) {
	const got = { events: [], errors: [] };
	const subscription = client.subscribe(partition, {
		processEvents: async (events) => { got.events.push(...events); },
		processError: async (error) => { got.errors.push(error); },
	}, { maxWaitTimeInSeconds: 1, ...options });
	client.subscriptions.push(subscription);
	got.close = () => subscription.close();
	got.until = async (count, of = got.events) => {
		assert.ok(await until(() => of.length >= count), `${of.length} of ${count}: ${got.errors}`);
		return of;
	};
	return got;
}

const bodies = (events) => events.map((e) => e.body.toString());

let sender, partition;

async function send(body, properties = {}) {
	const message = new device.Message(body);
	for (const [name, value] of Object.entries(properties))
		message.properties.add(name, value);
	await sender.sendEvent(message);
}

test.before(async () => {
	sender = device.Client.fromConnectionString(stringOf(await create('reads')), transport.Amqp);
	await sender.open();
	for (let i = 0; i < 5; i++)
		await send(`event ${i}`, { number: `${i}` });
});

test.after(() => sender.close());

// -- what there is -------------------------------------------------------------------------

test('partitions, and the properties of the hub', async (t) => {
	const client = reader(t);
	assert.deepEqual(await client.getPartitionIds(), ['0', '1', '2', '3']);
	const { name, createdOn, partitionIds } = await client.getEventHubProperties();
	assert.equal(name, entity);
	assert.ok(createdOn <= Date.now() && Date.now() - createdOn < 600000, createdOn);
	assert.equal(partitionIds.length, 4);
});

test('the properties of partitions: one has the events of a device', async (t) => {
	const client = reader(t);
	const all = await Promise.all(['0', '1', '2', '3'].map((id) => client.getPartitionProperties(id)));
	const full = all.filter((p) => !p.isEmpty);
	assert.equal(full.length, 1);
	assert.equal(full[0].beginningSequenceNumber, 0);
	assert.equal(full[0].lastEnqueuedSequenceNumber, 4);
	assert.ok(Math.abs(Date.now() - full[0].lastEnqueuedOnUtc) < 60000);
	partition = full[0].partitionId;
});

test('a partition that is not there', async (t) =>
	assert.rejects(reader(t).getPartitionProperties('4'), /no partition '4'/));

// -- reading -------------------------------------------------------------------------------

test('from the beginning, with all annotations', async (t) => {
	const [first] = await collect(reader(t), partition, { startPosition: earliestEventPosition }).until(5);
	assert.equal(first.body.toString(), 'event 0');
	assert.deepEqual(first.properties, { number: '0' });
	assert.equal(first.sequenceNumber, 0);
	assert.equal(first.offset, '0');
	assert.equal(first.partitionKey, 'reads');
	assert.ok(Math.abs(Date.now() - first.enqueuedTimeUtc) < 60000);
	const system = first.systemProperties;
	assert.equal(system['iothub-connection-device-id'], 'reads');
	assert.equal(JSON.parse(system['iothub-connection-auth-method']).scope, 'device');
	assert.match(system['iothub-connection-auth-generation-id'], /^\d+$/);
	assert.equal(system['iothub-message-source'], 'Telemetry');
	assert.ok(system['iothub-enqueuedtime']);
});

test('from now on', async (t) => {
	const got = collect(reader(t), partition, { startPosition: latestEventPosition });
	await sleep(500);
	await send('late');
	assert.deepEqual(bodies(await got.until(1)), ['late']);
});

test('behind a sequence number, and with it', async (t) => {
	const behind = collect(reader(t), partition, { startPosition: { sequenceNumber: 2 } });
	const with_it = collect(reader(t), partition, { startPosition: { sequenceNumber: 2, isInclusive: true } });
	assert.equal(bodies(await behind.until(3))[0], 'event 3');
	assert.equal(bodies(await with_it.until(4))[0], 'event 2');
});

test('behind an offset', async (t) => {
	const all = await collect(reader(t), partition, { startPosition: earliestEventPosition }).until(5);
	const got = collect(reader(t), partition, { startPosition: { offset: all[1].offset } });
	assert.equal(bodies(await got.until(3))[0], 'event 2');
});

test('from a time', async (t) => {
	await sleep(20);
	const enqueuedOn = Date.now();
	await sleep(20);
	await send('in time');
	const got = collect(reader(t), partition, { startPosition: { enqueuedOn } });
	assert.deepEqual(bodies(await got.until(1)), ['in time']);
});

test('a consumer group of its own', async (t) => {
	const got = collect(reader(t, { group: 'other' }), partition, { startPosition: earliestEventPosition });
	assert.equal(bodies(await got.until(5))[0], 'event 0');
});

test('a body of any bytes, and of none', async (t) => {
	const got = collect(reader(t), partition, { startPosition: latestEventPosition });
	await sleep(500);
	await sender.sendEvent(new device.Message(Buffer.from([0, 255, 1, 128])));
	await sender.sendEvent(new device.Message(''));
	await got.until(2);
	assert.deepEqual([...got.events[0].body], [0, 255, 1, 128]);
	assert.equal(got.events[1].body.length, 0);
});

test('many, in their order', async (t) => {
	const got = collect(reader(t), partition, { startPosition: latestEventPosition, maxBatchSize: 100 });
	await sleep(500);
	await Promise.all(Array.from({ length: 500 }, (_, i) => send(`many ${i}`)));
	await got.until(500);
	const numbers = got.events.map((e) => e.sequenceNumber);
	assert.deepEqual(numbers, Array.from({ length: 500 }, (_, i) => numbers[0] + i));
	assert.equal(new Set(bodies(got.events)).size, 500);
});

// -- refusals ------------------------------------------------------------------------------

test('a wrong key', async (t) =>
	assert.rejects(reader(t, { key: Buffer.alloc(32, 1).toString('base64') }).getPartitionIds(),
		{ code: 'UnauthorizedError' }));

test('a policy without ServiceConnect', async (t) => {
	const client = reader(t, { by: 'registryRead' });
	await assert.rejects(client.getPartitionIds(), /ServiceConnect/);
	const got = collect(client, '0', { startPosition: earliestEventPosition });
	const [error] = await got.until(1, got.errors);
	assert.match(error.message, /ServiceConnect/);
});

test('a consumer group that is not there', async (t) => {
	const got = collect(reader(t, { group: 'none' }), '0', { startPosition: earliestEventPosition });
	const [error] = await got.until(1, got.errors);
	assert.match(error.message, /consumer group 'none'/);
});

test('a hub that is not there', async (t) =>
	assert.rejects(reader(t, { name: 'none' }).getPartitionIds(), /no 'none' here/));

test('a sequence number that is not there yet', async (t) => {
	const got = collect(reader(t), partition, { startPosition: { sequenceNumber: 1000000 } });
	const [error] = await got.until(1, got.errors);
	assert.match(error.message, /sequence number '1000000' is invalid/);
});

test('the sixth reader of a group and partition', async (t) => {
	for (let i = 0; i < 5; i++)
		await collect(reader(t), partition, { startPosition: earliestEventPosition }).until(1);
	const got = collect(reader(t), partition, { startPosition: earliestEventPosition });
	const [error] = await got.until(1, got.errors);
	assert.match(error.message, /Exceeded the maximum number of allowed receivers/);
});

test('readers with an epoch: the higher one has it, and nobody without', async (t) => {
	const startPosition = earliestEventPosition;
	const low = collect(reader(t), partition, { startPosition, ownerLevel: 1 });
	await low.until(1);
	const none = collect(reader(t), partition, { startPosition });
	assert.match((await none.until(1, none.errors))[0].message, /At least one receiver for the endpoint is created with epoch/);
	await none.close();
	const high = collect(reader(t), partition, { startPosition, ownerLevel: 2 });
	await high.until(1);
	assert.equal((await low.until(1, low.errors))[0].code, 'ReceiverDisconnectedError');
	const again = collect(reader(t), partition, { startPosition, ownerLevel: 1 });
	assert.match((await again.until(1, again.errors))[0].message, /higher epoch/);
});

// -- others --------------------------------------------------------------------------------

test('event-hubs 2.1.4 from the connection string of the IoT Hub: redirected', async (t) => {
	const client = await old.EventHubClient.createFromIotHubConnectionString(policy('service'));
	t.after(() => client.close());
	assert.equal((await client.getHubRuntimeInformation()).partitionCount, 4);
	const events = await client.receiveBatch(partition, 5, 5, { eventPosition: old.EventPosition.fromStart() });
	assert.deepEqual(events.map((e) => e.body.toString()).slice(0, 2), ['event 0', 'event 1']);
	assert.equal(events[0].annotations['iothub-connection-device-id'], 'reads');
});

// uamqp frees a request when its answer comes, and crashes at an outcome behind it.
test('a request is accepted before it is answered', async (t) => {
	const address = `${entity}/$management`;
	const connection = rhea.create_container().connect({
		transport: 'tls', host, port: 5671, reconnect: false, ca: fs.readFileSync(`${dir}/ca.pem`),
		username: `service@sas.root.${host.split('.')[0]}`, password: sas(host, keyIn(policy('service')), 60, 'service'),
	});
	t.after(() => connection.close());
	connection.open_receiver({ source: address, target: 'answers' });
	const requests = connection.open_sender(address);
	const frames = [];
	for (const kind of ['on_transfer', 'on_disposition']) {
		const pass = requests.session[kind];
		requests.session[kind] = (frame) => {
			frames.push(kind);
			pass.call(requests.session, frame);
		};
	}
	assert.ok(await until(() => requests.credit > 0));
	requests.send({ reply_to: 'answers', application_properties: { operation: 'READ', type: 'com.microsoft:eventhub', name: entity } });
	assert.ok(await until(() => frames.length === 2));
	assert.deepEqual(frames, ['on_disposition', 'on_transfer']);
});

// What it wrote, and how it ended.
const monitor = (key) => new Promise((resolve) => execFile('/usr/bin/python3',
	['tests/hub/sdk/monitor.py', host, 'service', partition, `${dir}/ca.pem`],
	{ timeout: 8000, env: { ...process.env, HUB_KEY: key, LD_PRELOAD: '' } },
	(error, stdout, stderr) => resolve(`${stdout}${stderr}ended ${error ? error.signal ?? error.code : 0}\n`)));

test('uamqp with PLAIN, as az iot hub monitor-events: redirected, and reads from a time', async () => {
	const said = await monitor(keyIn(policy('service')));
	assert.match(said, /partitions 4\n/);
	assert.match(said, /event 0 of reads\nevent 1 of reads\n/);
	assert.match(said, /ended 0\n/);
});

test('uamqp with PLAIN and a wrong key', async () =>
	assert.match(await monitor(Buffer.alloc(32, 1).toString('base64')), /^refused .*\nended 1\n/s));
