// Registers COUNT devices over azure-iothub as register.c does over libprov. In bulk the
// keys are made here, as there: the service does not tell those that it makes.
//
//	node register.js HUB-DIR PORT one|bulk COUNT PARALLEL
const { randomBytes } = require('crypto');
const { open, run } = require('../../hub/sdk.js');

const [dir, port, mode, count, parallel] = process.argv.slice(2);
const registry = open(dir, port);
const step = mode === 'bulk' ? 100 : 1;
const name = (i) => `device-${String(i).padStart(5, '0')}`;
const key = () => randomBytes(32).toString('base64');
let next = 0;

function register(at) {
	if (mode === 'one')
		return registry.create({ deviceId: name(at) });
	const devices = [];
	for (let i = at; i < at + step; i++)
		devices.push({ deviceId: name(i), status: 'enabled', authentication: {
			symmetricKey: { primaryKey: key(), secondaryKey: key() } } });
	return registry.addDevices(devices);
}

async function work() {
	while (next < count) {
		const at = next;
		next += step;
		await register(at);
	}
}

run(() => Promise.all(Array.from({ length: Number(parallel) }, work)));
