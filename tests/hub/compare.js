// The registry's work by azure-iothub, in the order of compare.c.
//
//	node compare.js HUB-DIR PORT
const { open, run, Client } = require('./sdk.js');

const [dir, port] = process.argv.slice(2);
const registry = open(dir, port);
const client = open(dir, port, Client);
const key = () => Buffer.alloc(32, 7).toString('base64');
const twin = { tags: { place: 'here' }, properties: { desired: { n: 1 } } };
const bulk = ['b1', 'b2'].map((deviceId) => ({ deviceId, status: 'enabled',
	authentication: { symmetricKey: { primaryKey: key(), secondaryKey: key() } } }));

async function work() {
	await registry.create({ deviceId: 'plain' });
	await registry.create({ deviceId: 'x509', authentication: {
		type: 'selfSigned', x509Thumbprint: { primaryThumbprint: 'A'.repeat(64) } } });
	const device = (await registry.get('plain')).responseBody;
	await registry.update({ ...device, status: 'disabled', statusReason: 'test' });
	await registry.delete('x509');
	await registry.addDevices(bulk);
	await registry.removeDevices(bulk.map(({ deviceId }) => ({ deviceId })), true);
	await registry.getTwin('plain');
	await registry.updateTwin('plain', twin, '*');
	await registry.createQuery('SELECT * FROM devices', 1000).next();
	await registry.getRegistryStatistics();
	await client.invokeDeviceMethod('plain', { methodName: 'blink', payload: { n: 3 },
		responseTimeoutInSeconds: 10, connectTimeoutInSeconds: 0 }).catch(offline);
}

// The device of the call is not connected: 404.
function offline(error) {
	if (error.response?.statusCode !== 404)
		throw error;
}

run(work);
