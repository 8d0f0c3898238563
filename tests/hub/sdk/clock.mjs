// A hub by a clock of ours: hours that pass in no time, for devices by MQTT.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import common from 'azure-iot-common';
import device from 'azure-iot-device';
import mqtt from 'azure-iot-device-mqtt';
import iothub from 'azure-iothub';
import { bodyOf, create, owner, registry, sleep, tokenOf, until } from './lib/hub.mjs';

const service = iothub.Client.fromConnectionString(owner);
const HOUR = 3600000n;

// The clock that the hub follows: tests/hub/sdk/run starts it with "now".
const file = fs.openSync(process.env.HUB_CLOCK, 'r+');
function add(at, ms) {
	const number = Buffer.alloc(8);
	fs.readSync(file, number, 0, 8, at);
	number.writeBigInt64LE(number.readBigInt64LE() + ms);
	fs.writeSync(file, number, 0, 8, at);
}

// So much passes, and then the clock on the wall is put back: our own tokens are made by
// another.
async function pass(ms) {
	add(8, ms);
	add(16, ms);
	await sleep(100);
	add(8, -ms);
}

async function becomes(deviceId, key, value) {
	let found;
	const well = await until(async () => (found = bodyOf(await registry.get(deviceId))[key]) === value);
	assert.ok(well, `${key} is ${found}, not ${value}`);
}

async function open(deviceId) {
	const client = device.Client.fromSharedAccessSignature(tokenOf(await create(deviceId), 3600), mqtt.Mqtt);
	client.setRetryPolicy(new common.NoRetry());
	client.on('error', () => {});
	await client.open();
	await becomes(deviceId, 'connectionState', 'Connected');
	return client;
}

test('a connection ends with its token', async () => {
	const client = await open('clock1');
	await pass(50000n);
	await becomes('clock1', 'connectionState', 'Connected');
	await pass(2n * HOUR);
	await becomes('clock1', 'connectionState', 'Disconnected');
	await client.close();
});

test('a connection ends when nobody is heard of', async () => {
	const client = await open('clock2');
	add(16, 271000n); // keep-alive is 180 s, and half as much again
	await becomes('clock2', 'connectionState', 'Disconnected');
	await client.close();
});

test('a message that nobody takes ends after an hour', async () => {
	await create('clock3');
	await service.open();
	await service.send('clock3', new common.Message('late'));
	await service.close(); // it would not be heard of for half an hour either
	await becomes('clock3', 'cloudToDeviceMessageCount', 1);
	await pass(HOUR / 2n);
	await becomes('clock3', 'cloudToDeviceMessageCount', 1);
	await pass(HOUR);
	await becomes('clock3', 'cloudToDeviceMessageCount', 0);
});

test('a device that gets a message is active', async () => {
	const client = await open('clock5');
	const active = async () => Date.parse(bodyOf(await registry.get('clock5')).lastActivityTime);
	const before = await active();
	await service.open();
	add(8, 600000n); // a token of its own lasts longer
	client.on('message', (message) => client.complete(message));
	await sleep(200);
	assert.equal(await active(), before);
	await service.send('clock5', new common.Message('news'));
	await becomes('clock5', 'cloudToDeviceMessageCount', 0);
	assert.ok(await active() >= before + 590000);
	add(8, -600000n);
	await service.close();
	await client.close();
});

test('a method that is never answered ends in no time', async () => {
	const client = await open('clock4');
	client.onDeviceMethod('never', () => {});
	await sleep(200);
	const call = service.invokeDeviceMethod('clock4', { methodName: 'never', responseTimeoutInSeconds: 300 });
	const refused = assert.rejects(call, (err) => {
		assert.equal(err.response.statusCode, 504);
		return true;
	});
	await sleep(200);
	// in steps that the keep-alive of the device outlives
	add(16, 100000n);
	await client.sendEvent(new common.Message('here'));
	add(16, 100000n);
	await client.sendEvent(new common.Message('here'));
	add(16, 101000n);
	await refused;
	await client.close();
});
