// The device of `make demo`, by Microsoft's SDK, unmodified: says what it is told on standard
// input, a line a message, answers the method `blink`, and reports the interval that it is
// asked for in its desired properties.
//
//	demo-device CONNECTION-STRING-FILE MQTT-PORT CA-FILE
'use strict';
const fs = require('node:fs');
const readline = require('node:readline');
const { Client, Message } = require('azure-iot-device');
const { Mqtt } = require('azure-iot-device-mqtt');

const [file, port, ca] = process.argv.slice(2);
const client = Client.fromConnectionString(
	`${fs.readFileSync(file, 'utf8').trim()};GatewayHostName=localhost:${port}`, Mqtt);

async function say(line) {
	const message = new Message(line);

	message.contentType = 'application/json';
	message.contentEncoding = 'utf-8';
	message.properties.add('button', 'B1');
	await client.sendEvent(message);
}

async function main() {
	await client.setOptions({ ca: fs.readFileSync(ca, 'utf8') });
	await client.open();
	client.onDeviceMethod('blink', (request, response) =>
		response.send(200, { blinked: request.payload.times }));
	const twin = await client.getTwin();
	twin.on('properties.desired.interval', (interval) =>
		twin.properties.reported.update({ interval }, () => {}));
	console.log('connected');
	for await (const line of readline.createInterface({ input: process.stdin }))
		await say(line);
	await client.close();
}

main().catch((error) => {
	console.error(`demo-device: ${error.message}`);
	process.exit(1);
});
