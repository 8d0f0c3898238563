// A hub that throttles as one unit of S1 does, for devices and services by AMQP. What passes at
// once is a burst; what waits in the queue does so for ten seconds at most.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import common from 'azure-iot-common';
import device from 'azure-iot-device';
import amqp from 'azure-iot-device-amqp';
import iothub from 'azure-iothub';
import { create, owner, stringOf } from './lib/hub.mjs';

const seconds = async (work) => {
	const begun = process.hrtime.bigint();
	await work();
	return Number(process.hrtime.bigint() - begun) / 1e9;
};

// 100 a second, of which as many come at once.
test('messages of a device wait for their turn', { timeout: 30000 }, async (t) => {
	const client = device.Client.fromConnectionString(stringOf(await create('sends')), amqp.Amqp);
	t.after(() => client.close());
	await client.open();
	const send = () => client.sendEvent(new common.Message('x'));
	await send();
	const took = await seconds(() => Promise.all(Array.from({ length: 300 }, send)));
	assert.ok(took > 1.5, `300 in ${took} s`);
});

// 100 a minute, and what ten seconds have room for.
test('messages to devices are too many', { timeout: 30000 }, async (t) => {
	for (let i = 0; i < 4; i++)
		await create(`gets${i}`);
	const service = iothub.Client.fromConnectionString(owner);
	service.setRetryPolicy(new common.NoRetry());
	t.after(() => service.close());
	await service.open();
	const sent = await Promise.allSettled(Array.from({ length: 160 }, (_, i) => service.send(`gets${i % 4}`, new common.Message('x'))));
	const refused = sent.filter(({ status }) => status === 'rejected').map(({ reason }) => reason);
	assert.ok(refused.length >= 30 && refused.length <= 60, `${refused.length} of 160 are refused`);
	for (const error of refused)
		assert.match(`${error.constructor.name} ${error.amqpError?.condition ?? error.message}`, /hrottl/);
});
