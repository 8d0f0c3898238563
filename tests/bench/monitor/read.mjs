// What `stmiot monitor --json --since start --count COUNT` does, with @azure/event-hubs: all
// partitions from the beginning, a line for each event with all that belongs to it.
//
//	node read.mjs DIR AMQP-PORT COUNT BATCH PREFETCH
import fs from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(`${process.env.NODE_PATH}/`);
const { EventHubConsumerClient, earliestEventPosition } = require('@azure/event-hubs');
const [dir, port, count, batch, prefetch] = process.argv.slice(2);
const host = 'stmiot-local.azure-devices.net';
const key = /SharedAccessKey=(.*)/.exec(fs.readFileSync(`${dir}/policies/service`, 'utf8').trim())[1];
let left = Number(count);

const client = new EventHubConsumerClient('$Default',
	`Endpoint=sb://${host}/;SharedAccessKeyName=service;SharedAccessKey=${key}`, 'iothub-ehub-stmiot-local',
	{ customEndpointAddress: `sb://${host}:${port}` });
const options = { startPosition: earliestEventPosition, maxBatchSize: Number(batch), maxWaitTimeInSeconds: 1 };
if (Number(prefetch))
	options.prefetchCount = Number(prefetch);

client.subscribe({
	async processEvents(events, context) {
		let lines = '';
		for (const event of events) {
			if (left-- <= 0)
				break;
			lines += `${JSON.stringify({
				time: event.enqueuedTimeUtc, partition: context.partitionId, sequence: event.sequenceNumber,
				offset: event.offset, properties: event.properties, annotations: event.systemProperties,
				body: event.body.toString(),
			})}\n`;
		}
		fs.writeSync(1, lines);
		if (left <= 0)
			process.exit(0);
	},
	async processError(error) {
		console.error(error);
		process.exit(1);
	},
}, options);
