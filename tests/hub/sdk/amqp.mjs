// What other clients than Microsoft's for JavaScript see of AMQP, frame by frame: those for .NET,
// Java and C are stricter in places, or use more of it. With rhea.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import test from 'node:test';
import iothub from 'azure-iothub';
import common from 'azure-iot-common';
import rhea from 'rhea';
import { bodyOf, create, dir, entity, host, keyIn, policy, registry, sas, tokenOf, until } from './lib/hub.mjs';

const service = iothub.Client.fromConnectionString(policy('service'));
const hubName = host.split('.')[0];

test.before(() => service.open());
test.after(() => service.close());

function connect(t, username, password) {
	const connection = rhea.create_container().connect({ transport: 'tls', host, port: 5671, reconnect: false,
		ca: fs.readFileSync(`${dir}/ca.pem`), username, password });
	t.after(() => connection.close());
	return connection;
}

const asDevice = (t, identity) => connect(t, `${identity.deviceId}@sas.${hubName}`, tokenOf(identity, 60));
const asService = (t) => connect(t, `service@sas.root.${hubName}`, sas(host, keyIn(policy('service')), 60, 'service'));

// A receiver, what comes by it, and the dispositions that the hub sends.
function receive(connection, address, options = {}) {
	const got = [], said = [];
	const receiver = connection.open_receiver({ source: address, autoaccept: false, ...options });
	const pass = receiver.session.on_disposition;
	receiver.session.on_disposition = (frame) => {
		said.push(frame.performative);
		pass.call(receiver.session, frame);
	};
	receiver.on('message', (context) => got.push(context));
	return { receiver, got, said };
}

function send(deviceId, body, more = {}) {
	const message = new common.Message(body);
	Object.assign(message, more);
	return service.send(deviceId, message);
}

const countOf = async (deviceId) => bodyOf(await registry.get(deviceId)).cloudToDeviceMessageCount;
const names = { accepted: 0x24, rejected: 0x25, released: 0x26, modified: 0x27 };

// -- messages to devices -------------------------------------------------------------------

// The SDKs for .NET make a GUID of the tag, and settle by it.
test('the tag of a delivery is its lock', async (t) => {
	const identity = await create('tag');
	const { got } = receive(asDevice(t, identity), '/devices/tag/messages/devicebound');
	await send('tag', 'x');
	assert.ok(await until(() => got.length === 1));
	const { delivery, message } = got[0];
	assert.equal(delivery.tag.length, 16);
	const guid = Buffer.from(delivery.tag);
	guid.subarray(0, 4).reverse();
	guid.subarray(4, 6).reverse();
	guid.subarray(6, 8).reverse();
	const { 'x-opt-lock-token': lock, 'iothub-deliverycount': count } = message.message_annotations;
	assert.equal(guid.toString('hex'), lock.replaceAll('-', ''));
	assert.equal(count, 0);
	delivery.accept();
});

// With rcv-settle-mode second they wait for the hub to settle, with the outcome.
for (const [outcome, end] of [['accepted', 'accept'], ['rejected', 'reject'], ['released', 'release']])
	test(`a message is ${outcome}, and the hub settles it so`, async (t) => {
		const identity = await create(`two-${outcome}`);
		const { got, said } = receive(asDevice(t, identity), `/devices/two-${outcome}/messages/devicebound`,
			{ rcv_settle_mode: 1, credit_window: 1 });
		await send(identity.deviceId, 'x');
		assert.ok(await until(() => got.length === 1));
		got[0].delivery.update(false, rhea.message[outcome]().described());
		assert.ok(await until(() => said.length === 1));
		assert.equal(said[0].settled, true);
		assert.equal(said[0].state.descriptor.value, names[outcome]);
		if (outcome !== 'released')
			assert.equal(await countOf(identity.deviceId), 0);
	});

test('one whose lock is lost is rejected: amqp:not-found', async (t) => {
	const identity = await create('lost');
	const { got, said } = receive(asDevice(t, identity), '/devices/lost/messages/devicebound', { rcv_settle_mode: 1 });
	await send('lost', 'x');
	assert.ok(await until(() => got.length === 1));
	const answer = await fetch(`https://${host}/devices/lost/commands?api-version=2021-04-12`,
		{ method: 'DELETE', headers: { authorization: sas(host, keyIn(policy('iothubowner')), 60, 'iothubowner') } });
	assert.equal((await answer.json()).totalMessagesPurged, 1);
	got[0].delivery.update(false, rhea.message.accepted().described());
	assert.ok(await until(() => said.length === 1));
	assert.equal(said[0].state.descriptor.value, names.rejected);
	assert.equal(said[0].state.value[0].value[0].value, 'amqp:not-found');
});

// -- feedback ------------------------------------------------------------------------------

// As those for .NET read it: without the user's id they throw.
test('a batch of feedback, with all that it is to have', { timeout: 25000 }, async (t) => {
	const identity = await create('heard');
	const device = receive(asDevice(t, identity), '/devices/heard/messages/devicebound');
	const feedback = receive(asService(t), '/messages/serviceBound/feedback', { rcv_settle_mode: 1 });
	await send('heard', 'x', { ack: 'full', messageId: 'id' });
	assert.ok(await until(() => device.got.length === 1));
	device.got[0].delivery.accept();
	assert.ok(await until(() => feedback.got.length === 1, 19000));
	const { message, delivery } = feedback.got[0];
	assert.equal(delivery.tag.length, 16);
	assert.equal(message.user_id.toString(), hubName);
	assert.equal(message.content_type, 'application/vnd.microsoft.iothub.feedback.json');
	assert.ok(message.message_annotations['iothub-enqueuedtime'] > 0);
	delivery.update(false, rhea.message.accepted().described());
	assert.ok(await until(() => feedback.said.length === 1));
	assert.equal(feedback.said[0].state.descriptor.value, names.accepted);
});

// -- links ---------------------------------------------------------------------------------

// Answered by one that is closed it would have to be attached again, to be closed too.
test('a link that is detached is detached, and attached again', async (t) => {
	const { receiver } = receive(asService(t), '/messages/serviceBound/feedback', { name: 'same' });
	const said = [];
	receiver.session.on_detach = (frame) => said.push(frame.performative);
	assert.ok(await until(() => receiver.is_open()));
	receiver.detach();
	assert.ok(await until(() => said.length === 1));
	assert.ok(!said[0].closed);
	assert.equal(said[0].error, undefined);
	const again = receiver.session.open_receiver({ source: '/messages/serviceBound/feedback', name: 'same' });
	assert.ok(await until(() => again.is_open()));
});

// -- events --------------------------------------------------------------------------------

const data = (...bodies) => rhea.message.data_sections(bodies.map((body) => Buffer.from(body)));

// Sends messages that are encoded, with the format of each, and gives back what became of them
// and the events at the built-in endpoint.
async function sendEncoded(t, deviceId, messages) {
	const sender = asDevice(t, await create(deviceId)).open_sender(`/devices/${deviceId}/messages/events`);
	const outcomes = [], events = [];
	for (const outcome of ['accepted', 'rejected'])
		sender.on(outcome, () => outcomes.push(outcome));
	assert.ok(await until(() => sender.credit >= messages.length));
	for (const [encoded, format = 0] of messages)
		sender.send(encoded, undefined, format);
	assert.ok(await until(() => outcomes.length === messages.length));
	const reads = asService(t);
	reads.on('message', ({ message }) => {
		if (message.message_annotations['iothub-connection-device-id'] === deviceId)
			events.push(message);
	});
	const drained = [0, 1, 2, 3].map((partition) => {
		const receiver = reads.open_receiver({ source: `${entity}/ConsumerGroups/$Default/Partitions/${partition}`, credit_window: 0 });
		return new Promise((resolve) => {
			receiver.on('receiver_drained', resolve);
			receiver.on('receiver_open', () => {
				receiver.drain = true;
				receiver.add_credit(1000);
			});
		});
	});
	await Promise.all(drained);
	return { outcomes, events };
}

// So the SDK for C sends all, and those for Java and .NET what an application sends as many.
test('a batch: each of its messages is an event', async (t) => {
	const one = (n) => rhea.message.encode({ message_id: `id ${n}`, application_properties: { n: `${n}` }, body: data(`body ${n}`) });
	const batch = rhea.message.encode({ body: data(...[1, 2, 3].map(one)) });
	const { outcomes, events } = await sendEncoded(t, 'batch', [[batch, 0x80013700]]);
	assert.deepEqual(outcomes, ['accepted']);
	assert.deepEqual(events.map((e) => [e.message_id, e.application_properties.n, e.body.content.toString()]),
		[1, 2, 3].map((n) => [`id ${n}`, `${n}`, `body ${n}`]));
});

test('a batch that is refused has left nothing', async (t) => {
	const [good, bad] = [data('good'), { a: 'map' }].map((body) => rhea.message.encode({ body }));
	const { outcomes, events } = await sendEncoded(t, 'refused', [[rhea.message.encode({ body: data(good, bad) }), 0x80013700]]);
	assert.deepEqual(outcomes, ['rejected']);
	assert.deepEqual(events, []);
});

test('a body of several Data sections', async (t) => {
	const { events } = await sendEncoded(t, 'parts', [[rhea.message.encode({ body: data('one, ', '', 'two') })]]);
	assert.deepEqual(events.map((e) => e.body.content.toString()), ['one, two']);
});

// -- twins ---------------------------------------------------------------------------------

// Java's SDK names the version, and waits for a 412 when there is another.
test('reported properties are changed in a version of them', async (t) => {
	const connection = asDevice(t, await create('version'));
	const { receiver, got } = receive(connection, '/devices/version/twin');
	const sender = connection.open_sender('/devices/version/twin');
	const patch = async (version, text) => {
		sender.send({ correlation_id: `at ${version}`, body: data(text),
			message_annotations: { operation: 'PATCH', resource: '/properties/reported', version } });
		const answer = () => got.find(({ message }) => message.correlation_id === `at ${version}`);
		assert.ok(await until(answer));
		return answer().message.message_annotations;
	};
	assert.ok(await until(() => sender.credit > 0 && receiver.is_open()));
	assert.deepEqual(await patch(null, '{"a":1}'), { status: 204, version: 2 });
	assert.deepEqual(await patch(1, '{"a":2}'), { status: 412 });
	assert.deepEqual(await patch(2, '{"a":3}'), { status: 204, version: 3 });
	assert.equal(bodyOf(await registry.getTwin('version')).properties.reported.a, 3);
});
