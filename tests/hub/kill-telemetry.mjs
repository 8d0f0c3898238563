// The clients of tests/hub/kill-telemetry. Acknowledged is: an event, when the hub has settled
// it (PUBACK, or disposition); a message to a device, when the hub has accepted it; that it
// was completed, when DELETE was answered with 204 (over MQTT and AMQP nothing says so, and it
// may come again after the hub was killed, but never twice on one connection); a change of
// desired properties by 200, of reported ones by 204.
import { execFile, execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import iothub from 'azure-iothub';
import common from 'azure-iot-common';
import device from 'azure-iot-device';
import amqp from 'azure-iot-device-amqp';
import mqtt from 'azure-iot-device-mqtt';
import { bodyOf, create, dir, host, owner, registry, report, sleep, stringOf, tokenOf, until } from './sdk/lib/hub.mjs';

const { Client: Service } = iothub;
const { Client, Message } = device;
const { HUB, STMIOT } = process.env;
const rounds = Number(process.env.ROUNDS);
const log = fs.openSync(`${dir}.log`, 'a');
const WINDOW = 16; // events of a device that are under way at once
const QUEUE = 30; // messages that wait for a device, of 50 that may
const LOCK_S = 61; // a message that nobody completes is locked for a minute
const LIMIT_MS = 20000;

const devices = [
	{ id: 'by-mqtt-1', transport: mqtt.Mqtt },
	{ id: 'by-mqtt-2', transport: mqtt.Mqtt },
	{ id: 'by-amqp', transport: amqp.Amqp },
	{ id: 'by-http' },
].map((d) => ({ ...d, sent: 0, again: [], received: new Map(), completed: new Set(), desired: 0, reported: 0 }));
const senders = devices.filter((d) => d.transport);
const events = new Set(); // the ids of those that were acknowledged
const messages = new Map(); // the ids of those that were accepted -> the device
const wrong = [];
let hub, gone, killed = true, sent = 0;

async function expect(what, done) {
	if (!await until(done, LIMIT_MS))
		wrong.push(`${what}: not in ${LIMIT_MS / 1000} s`);
}

// True when it was done before the hub was gone. What is done later counts too: `then` knows.
const acknowledged = (promise, then) =>
	Promise.race([promise.then((answer) => (then(answer), true)).catch(() => false), gone.then(() => false)]);

// azure-iothub looks for the name of a lost connection's error in endless recursion.
process.on('uncaughtException', (error) => {
	if (!/getErrorName/.test(error.stack)) {
		console.log(`Bail out! ${error.stack}`);
		process.exit(1);
	}
});

// -- the hub and what reads it ---------------------------------------------------------------

async function startHub(...options) {
	hub = spawn(HUB, [...options, dir], { stdio: ['ignore', 'pipe', log] });
	killed = false;
	gone = new Promise((resolve) => hub.on('exit', () => {
		killed = true;
		resolve();
	}));
	if (await Promise.race([gone.then(() => true), new Promise((resolve) => hub.stdout.once('data', () => resolve(false)))]))
		throw new Error('the hub does not start');
}

// By a process of its own: this one is awake only when the hub has answered.
const killLater = (ms) => execFile('sh', ['-c', 'sleep "$1"; kill -KILL "$2"', '-', `${ms / 1000}`, `${hub.pid}`]);

async function stopHub() {
	hub.kill();
	await gone;
}

// A running `stmiot monitor`: of each line "partition sequence id", and the ids.
function startMonitor() {
	const m = { lines: [], ids: new Set(), said: '' };
	let text = '';
	m.process = spawn(STMIOT, ['monitor', '--json', '--since', 'start'], { stdio: ['ignore', 'pipe', 'pipe'] });
	m.process.stderr.on('data', (data) => (m.said += data));
	m.process.on('exit', (code) => (m.ended = code ?? 'by a signal'));
	m.process.stdout.on('data', (data) => {
		const whole = (text + data).split('\n');
		text = whole.pop();
		for (const event of whole.map((line) => JSON.parse(line))) {
			m.lines.push(`${event.partition} ${event.sequence} ${event.message_id}`);
			m.ids.add(event.message_id);
			if (event.body !== `event ${event.message_id}`)
				wrong.push(`${event.message_id} has the body ${event.body}`);
		}
	});
	return m;
}

// What is missing is told once.
async function reads(m, which) {
	const missing = () => [...events].filter((id) => !m.ids.has(id));
	await expect(`${which} reads all events`, () => m.ended !== undefined || missing().length === 0);
	for (const id of missing()) {
		wrong.push(`${which} does not read ${id}`);
		events.delete(id);
	}
	if (wrong.length)
		wrong.push(`${which} has said: ${m.said.slice(-1000)}, end: ${m.ended}`);
}

// -- the load: each runs until the hub is gone -------------------------------------------------

async function sendEvents(d, client) {
	for (let well = true; well && !killed;) {
		const id = d.again.shift() ?? `${d.id} ${d.sent++}`;
		const message = new Message(`event ${id}`);
		message.messageId = id;
		well = await acknowledged(client.sendEvent(message), () => events.add(id));
		if (!well)
			d.again.push(id);
	}
}

function receive(d, id, connection) {
	if (d.completed.has(id))
		wrong.push(`${id} comes again to ${d.id}, which has completed it`);
	if (d.received.get(id) === connection)
		wrong.push(`${id} comes twice to ${d.id} on one connection`);
	d.received.set(id, connection);
}

async function reportTwin(d, client) {
	const twin = await client.getTwin();
	for (let well = true; well && !killed;) {
		const n = d.reported + 1;
		well = await acknowledged(report(twin, { n }), () => (d.reported = Math.max(d.reported, n)));
	}
}

async function desire(d) {
	for (let well = true; well && !killed;) {
		const n = d.desired + 1;
		well = await acknowledged(registry.updateTwin(d.id, { properties: { desired: { n } } }, '*'),
			() => (d.desired = Math.max(d.desired, n)));
	}
}

async function sendMessages(service) {
	for (let well = true, i = 0; well && !killed; i++) {
		const d = devices[i % devices.length];
		if ([...messages.values()].filter((to) => to === d).length - d.received.size > QUEUE) {
			await sleep(1);
			continue;
		}
		const message = new Message('to a device');
		const id = `message ${sent++}`;
		message.messageId = id;
		well = await acknowledged(service.send(d.id, message), () => messages.set(id, d));
	}
}

const request = (d, method, path = '') =>
	fetch(`https://${host}/devices/${d.id}/messages/deviceBound${path}?api-version=2021-04-12`,
		{ method, headers: { Authorization: tokenOf(d.identity, 3600) } });

async function receiveByHttp(d) {
	const connection = {};
	for (let well = true; well && !killed;) {
		let id, lock;
		well = await acknowledged(request(d, 'GET'), (answer) => {
			id = answer.headers.get('iothub-messageid');
			lock = answer.headers.get('etag')?.replaceAll('"', '');
		});
		if (!well || !lock) {
			await sleep(5);
			continue;
		}
		receive(d, id, connection);
		well = await acknowledged(request(d, 'DELETE', `/${lock}`), (answer) => {
			if (answer.status === 204)
				d.completed.add(id);
		});
	}
}

// -- connecting ------------------------------------------------------------------------------

async function connect(d) {
	const client = Client.fromConnectionString(stringOf(d.identity), d.transport);
	client.setRetryPolicy(new common.NoRetry());
	client.on('error', () => {});
	const connection = {};
	// Before it is open, or over MQTT it loses what the hub has kept in its session.
	client.on('message', (message) => {
		receive(d, message.messageId, connection);
		client.complete(message, () => {});
	});
	await client.open();
	return client;
}

async function connectAll() {
	const service = Service.fromConnectionString(owner);
	await service.open();
	return { service, clients: await Promise.all(senders.map(connect)) };
}

// A client whose hub is gone may not answer when it is closed.
const close = ({ service, clients }) =>
	Promise.race([Promise.allSettled([service, ...clients].map((client) => client.close())), sleep(200)]);

// -- what there must be ------------------------------------------------------------------------

async function checkTwins() {
	for (const d of devices) {
		const { desired, reported } = bodyOf(await registry.getTwin(d.id)).properties;
		if ((desired.n ?? 0) < d.desired || (reported.n ?? 0) < d.reported)
			wrong.push(`the twin of ${d.id} has ${desired.n} and ${reported.n}, acknowledged were ${d.desired} and ${d.reported}`);
	}
}

let test = 0;
function tell(name) {
	console.log(`${wrong.length ? 'not ok' : 'ok'} ${++test} - ${name}`);
	for (const line of wrong.splice(0).slice(0, 10)) {
		process.exitCode = 1;
		console.log(`# ${line}`);
	}
}

async function round(living) {
	const all = await connectAll();
	killLater(100 + Math.random() * 500);
	const load = [
		...senders.flatMap((d, i) => Array.from({ length: WINDOW }, () => sendEvents(d, all.clients[i]))),
		...devices.map(desire),
		...senders.filter((d) => d.transport === mqtt.Mqtt).map((d) => reportTwin(d, all.clients[senders.indexOf(d)])),
		receiveByHttp(devices.at(-1)), sendMessages(all.service),
	].map((work) => work.catch(() => {}));
	await gone;
	await Promise.race([Promise.all(load), sleep(2000)]);
	await close(all);
	await startHub();
	await checkTwins();
	await reads(living, 'the monitor that lived through all');
	const changes = devices.reduce((sum, d) => sum + d.desired + d.reported, 0);
	tell(`killed: ${events.size} events, ${messages.size} messages and ${changes} changes are there`);
}

// All messages come now, and nothing is locked any more; behind the last event of each
// device there is none.
async function finish(living) {
	await stopHub();
	await startHub('--clock-offset', `${LOCK_S}`);
	const all = await connectAll();
	receiveByHttp(devices.at(-1));
	const missing = () => [...messages].filter(([id, d]) => !d.received.has(id));
	await expect('all messages come', () => missing().length === 0);
	wrong.push(...missing().map(([id, d]) => `${id} did not come to ${d.id}`));
	await checkTwins();
	tell(`${messages.size} messages that were accepted came, ${devices.at(-1).completed.size} of them completed for good`);

	for (const [i, d] of senders.entries()) {
		const message = new Message(`event ${d.id} last`);
		message.messageId = `${d.id} last`;
		await all.clients[i].sendEvent(message);
		events.add(message.messageId);
	}
	const fresh = startMonitor();
	await reads(living, 'the monitor that lived through all');
	await reads(fresh, 'a fresh monitor');
	tell(`${events.size} acknowledged events are in both monitors`);

	const places = living.lines.map((line) => line.split(' ', 2).join(' '));
	if (new Set(places).size !== places.length)
		wrong.push(`${places.length - new Set(places).size} places were printed twice`);
	tell(`${places.length} places in the stream were printed once by the one that lived through all`);

	const [one, other] = [new Set(living.lines), new Set(fresh.lines)];
	wrong.push(...living.lines.filter((line) => !other.has(line)).map((line) => `a fresh monitor does not print ${line}`));
	wrong.push(...fresh.lines.filter((line) => !one.has(line)).map((line) => `only a fresh monitor prints ${line}`));
	tell('and a fresh one prints the same');
	living.process.kill();
	fresh.process.kill();
	await stopHub();
}

await startHub();
execFileSync(STMIOT, ['-q', 'hub', 'add', 'h', '--use', '--ca', `${dir}/ca.pem`,
	'--connection-string-file', `${dir}/connection-string`]);
for (const d of devices)
	d.identity = await create(d.id);
const living = startMonitor();
await expect('the monitor is connected', () => living.said.includes('connected'));
for (let n = 1; n <= rounds; n++)
	await round(living);
await finish(living);
console.log(`1..${test}`);
process.exit();
