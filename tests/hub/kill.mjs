// The clients of tests/hub/kill: eight at once, until the hub is gone. What was answered
// with 200 or 204 was acknowledged; a request without an answer may or may not have worked.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import https from 'node:https';
import { dir, host, keyIn, owner, sas, sleep } from './sdk/lib/hub.mjs';

const rounds = Number(process.env.ROUNDS);
const present = new Map(); // id -> primary key, or null where a bulk answer did not tell it
const twins = new Map(); // id -> the last n that was acknowledged
const token = sas(host, keyIn(owner), 3600, 'iothubowner');
let hub, port, agent, made = 0;

function startHub() {
	hub = spawn(process.env.HUB, ['--https', '0', dir], { stdio: ['ignore', 'pipe', 'ignore'] });
	return new Promise((resolve, reject) => {
		hub.on('exit', () => reject(new Error('the hub does not start')));
		hub.stdout.on('data', (text) => {
			port = Number(/ at https:.*:(\d+)/.exec(text)[1]);
			agent = new https.Agent({ keepAlive: true, ca: fs.readFileSync(`${dir}/ca.pem`), servername: host });
			resolve();
		});
	});
}

// The answer, or null where none came.
function send(method, path, body, headers = {}) {
	return new Promise((resolve) => {
		const request = https.request({ agent, host: '127.0.0.1', port, method,
			path: `${path}?api-version=2021-04-12`, headers: { Authorization: token, ...headers } }, (answer) => {
			let text = '';
			answer.on('data', (data) => (text += data));
			answer.on('error', () => resolve(null));
			answer.on('close', () => resolve(answer.complete ? {
				status: answer.statusCode, headers: answer.headers, body: text ? JSON.parse(text) : null } : null));
		});
		request.on('error', () => resolve(null));
		request.end(body ? JSON.stringify(body) : undefined);
	});
}

async function createOne() {
	const deviceId = `d${made++}`;
	const answer = await send('PUT', `/devices/${deviceId}`, { deviceId });
	if (answer?.status === 200)
		present.set(deviceId, answer.body.authentication.symmetricKey.primaryKey);
	return answer;
}

async function createMany() {
	const devices = Array.from({ length: 20 }, () => ({ id: `d${made++}`, importMode: 'create' }));
	const answer = await send('POST', '/devices', devices);
	if (answer?.status === 200)
		for (const { id } of devices)
			present.set(id, null);
	return answer;
}

async function changeTwin(worker) {
	const id = `d${worker}`; // each worker has a device of its own
	const n = (twins.get(id) ?? 0) + 1;
	const answer = await send('PATCH', `/twins/${id}`, { tags: { n }, properties: { desired: { n } } });
	if (answer?.status === 200)
		twins.set(id, n);
	return answer;
}

async function removeOne() {
	const id = [...present.keys()].at(-1);
	if (!id || Number(id.slice(1)) < 8)
		return {};
	present.delete(id);
	return send('DELETE', `/devices/${id}`, null, { 'If-Match': '*' });
}

async function work(worker) {
	let answer = {};
	while (answer) {
		const what = Math.random();
		if (what < 0.4)
			answer = await createOne();
		else if (what < 0.5)
			answer = await createMany();
		else if (what < 0.9)
			answer = await changeTwin(worker);
		else
			answer = await removeOne();
	}
}

async function readAll() {
	const found = new Map();
	let token;
	do {
		const answer = await send('POST', '/devices/query', { query: 'SELECT * FROM devices' },
			{ 'x-ms-max-item-count': '1000', ...(token ? { 'x-ms-continuation': token } : {}) });
		for (const twin of answer.body)
			found.set(twin.deviceId, twin);
		token = answer.headers['x-ms-continuation'];
	} while (token);
	return found;
}

async function missing() {
	const found = await readAll();
	const wrong = [];
	for (const id of present.keys())
		if (!found.has(id))
			wrong.push(`${id} is gone`);
	for (const [id, n] of twins) {
		const twin = found.get(id);
		if (!(twin?.tags.n >= n) || twin.tags.n !== twin.properties.desired.n)
			wrong.push(`twin ${id} has ${twin?.tags.n}, ${n} was acknowledged`);
	}
	for (const [id, key] of [...present].slice(-30)) {
		const answer = key && (await send('GET', `/devices/${id}`));
		if (key && answer.body.authentication.symmetricKey.primaryKey !== key)
			wrong.push(`${id} has another key`);
	}
	return wrong;
}

async function round(n) {
	const workers = Array.from({ length: 8 }, (_, i) => work(i));
	await sleep(30 + Math.random() * 400);
	const gone = new Promise((resolve) => hub.removeAllListeners('exit').on('exit', resolve));
	hub.kill('SIGKILL');
	await gone;
	await Promise.all(workers);
	await startHub();
	const wrong = await missing();
	const verdict = wrong.length ? 'not ok' : 'ok';
	console.log(`${verdict} ${n} - killed: ${present.size} devices and ${[...twins.values()].reduce((a, b) => a + b, 0)} changes are there`);
	for (const line of wrong.slice(0, 10))
		console.log(`# ${line}`);
	return wrong.length === 0;
}

let well = true;
await startHub();
for (let i = 0; i < 8; i++)
	await createOne();
for (let n = 1; n <= rounds; n++)
	well = (await round(n)) && well;
console.log(`1..${rounds}`);
hub.removeAllListeners('exit').kill();
process.exit(well ? 0 : 1);
