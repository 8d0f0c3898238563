// Every operation of azure-iothub's Registry against stmiot-hub, with its failures.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import test from 'node:test';
import iothub from 'azure-iothub';
import common from 'azure-iot-common';
import { all, bodyOf, control, host, keyIn, owner, policy, registry, rejects, sas } from './lib/hub.mjs';

const { Registry, Client } = iothub;
const keys = (d) => d.authentication.symmetricKey;

// -- identities ----------------------------------------------------------------------------

test('create makes keys, a generation and an etag', async () => {
	const device = bodyOf(await registry.create({ deviceId: 'dev1' }));
	assert.equal(device.deviceId, 'dev1');
	assert.equal(Buffer.from(keys(device).primaryKey, 'base64').length, 32);
	assert.notEqual(keys(device).primaryKey, keys(device).secondaryKey);
	assert.equal(device.status, 'enabled');
	assert.ok(device.etag && device.generationId);
});

test('create of one that is there: 409', () => rejects(registry.create({ deviceId: 'dev1' }), 'DeviceAlreadyExistsError'));

test('create keeps keys of its own', async () => {
	const primaryKey = Buffer.alloc(32, 1).toString('base64'), secondaryKey = Buffer.alloc(32, 2).toString('base64');
	const device = bodyOf(await registry.create({
		deviceId: 'own', authentication: { type: 'sas', symmetricKey: { primaryKey, secondaryKey } } }));
	assert.deepEqual(keys(device), { primaryKey, secondaryKey });
});

test('create refuses a key that is none: 400', () => rejects(registry.create({
	deviceId: 'bad', authentication: { symmetricKey: { primaryKey: 'not base64', secondaryKey: '' } } }), 'ArgumentError'));

test('create with thumbprints', async () => {
	const primaryThumbprint = 'ab'.repeat(32);
	const device = bodyOf(await registry.create({
		deviceId: 'x509', authentication: { type: 'selfSigned', x509Thumbprint: { primaryThumbprint } } }));
	assert.equal(device.authentication.type, 'selfSigned');
	assert.equal(device.authentication.x509Thumbprint.primaryThumbprint, primaryThumbprint);
});

test('create for a certificate authority', async () => {
	const device = bodyOf(await registry.create({ deviceId: 'ca', authentication: { type: 'certificateAuthority' } }));
	assert.equal(device.authentication.type, 'certificateAuthority');
});

test('ids with every character that one may have', async () => {
	const deviceId = "a-.+%_#*?!(),=@$':Z";
	await registry.create({ deviceId });
	assert.equal(bodyOf(await registry.get(deviceId)).deviceId, deviceId);
	await registry.delete(deviceId);
});

test('an id of 129 characters: 400', () => rejects(registry.create({ deviceId: 'a'.repeat(129) }), 'ArgumentError'));

test('get', async () => assert.equal(bodyOf(await registry.get('dev1')).deviceId, 'dev1'));
test('get is case-sensitive', () => rejects(registry.get('DEV1'), 'DeviceNotFoundError'));
test('get of one that is not there: 404', () => rejects(registry.get('none'), 'DeviceNotFoundError'));

test('update', async () => {
	const device = bodyOf(await registry.get('dev1'));
	const kept = keys(device);
	device.status = 'disabled';
	device.statusReason = 'test';
	const updated = bodyOf(await registry.update(device));
	assert.equal(updated.status, 'disabled');
	assert.equal(updated.statusReason, 'test');
	assert.deepEqual(keys(updated), kept);
	assert.notEqual(updated.etag, device.etag);
	updated.status = 'enabled';
	await registry.update(updated);
});

test('update of one that is not there: 404', () => rejects(registry.update({ deviceId: 'none' }), 'DeviceNotFoundError'));

test('list', async () => {
	const ids = bodyOf(await registry.list()).map((d) => d.deviceId);
	assert.deepEqual(ids, ['dev1', 'own', 'x509', 'ca']);
});

test('delete, then again: 404', async () => {
	await registry.create({ deviceId: 'gone' });
	await registry.delete('gone');
	await rejects(registry.delete('gone'), 'DeviceNotFoundError');
});

test('statistics', async () => {
	const counts = bodyOf(await registry.getRegistryStatistics());
	assert.deepEqual(counts, { totalDeviceCount: 4, enabledDeviceCount: 4, disabledDeviceCount: 0 });
});

// -- modules -------------------------------------------------------------------------------

test('modules: add, get, list, update, remove', async () => {
	const module = bodyOf(await registry.addModule({ deviceId: 'dev1', moduleId: 'm1' }));
	assert.equal(module.moduleId, 'm1');
	assert.equal(bodyOf(await registry.getModule('dev1', 'm1')).moduleId, 'm1');
	assert.deepEqual(bodyOf(await registry.getModulesOnDevice('dev1')).map((m) => m.moduleId), ['m1']);
	await rejects(registry.addModule({ deviceId: 'dev1', moduleId: 'm1' }), 'DeviceAlreadyExistsError');
	await registry.updateModule({ ...module, managedBy: 'me' });
	assert.equal(bodyOf(await registry.getModule('dev1', 'm1')).managedBy, 'me');
	await rejects(registry.updateModule({ ...module, managedBy: 'you' }, false), 'InvalidEtagError');
	const twin = bodyOf(await registry.getModuleTwin('dev1', 'm1'));
	const changed = bodyOf(await registry.updateModuleTwin('dev1', 'm1', { properties: { desired: { a: 1 } } }, twin.etag));
	assert.equal(changed.properties.desired.a, 1);
	await registry.removeModule('dev1', 'm1');
	assert.deepEqual(bodyOf(await registry.getModulesOnDevice('dev1')), []);
});

test('a module on a device that is not there: 404', () =>
	rejects(registry.addModule({ deviceId: 'none', moduleId: 'm' }), 'DeviceNotFoundError'));

// -- bulk ----------------------------------------------------------------------------------

const many = (from, count) => Array.from({ length: count }, (_, i) => ({ deviceId: `bulk${from + i}` }));

test('addDevices, a hundred of them', async () => {
	const result = bodyOf(await registry.addDevices(many(0, 100)));
	assert.deepEqual(result, { isSuccessful: true, errors: [], warnings: [] });
});

test('addDevices, some there already: 400 and which', () =>
	rejects(registry.addDevices(many(99, 2)), 'ArgumentError', { text: /bulk99.*DeviceAlreadyExists/ }));
test('and the others are made', async () => assert.equal(bodyOf(await registry.get('bulk100')).deviceId, 'bulk100'));

test('addDevices, 101 of them: 413', () => assert.rejects(registry.addDevices(many(500, 101))));
test('addDevices, one twice: 400', () =>
	rejects(registry.addDevices([{ deviceId: 'twice' }, { deviceId: 'twice' }]), 'ArgumentError'));

test('updateDevices by force', async () => {
	const devices = [];
	for (const id of ['bulk1', 'bulk2'])
		devices.push({ ...bodyOf(await registry.get(id)), status: 'disabled' });
	assert.ok(bodyOf(await registry.updateDevices(devices, true)).isSuccessful);
	assert.equal(bodyOf(await registry.get('bulk2')).status, 'disabled');
});

test('updateDevices with an old etag: 400', () =>
	rejects(registry.updateDevices([{ deviceId: 'bulk1', etag: 'b2xk', authentication: { type: 'sas',
		symmetricKey: { primaryKey: Buffer.alloc(32, 1).toString('base64'), secondaryKey: Buffer.alloc(32, 2).toString('base64') } } }],
		false), 'ArgumentError', { text: /PreconditionFailed/ }));

test('removeDevices by force, by etag, with an old one', async () => {
	assert.ok(bodyOf(await registry.removeDevices([{ deviceId: 'bulk1' }], true)).isSuccessful);
	const { etag } = bodyOf(await registry.get('bulk2'));
	await rejects(registry.removeDevices([{ deviceId: 'bulk2', etag: 'b2xk' }], false), 'ArgumentError', { text: /PreconditionFailed/ });
	assert.ok(bodyOf(await registry.removeDevices([{ deviceId: 'bulk2', etag }], false)).isSuccessful);
	await rejects(registry.get('bulk2'), 'DeviceNotFoundError');
});

// -- twins ---------------------------------------------------------------------------------

test('getTwin of a new device', async () => {
	const twin = bodyOf(await registry.getTwin('dev1'));
	assert.equal(twin.deviceId, 'dev1');
	assert.deepEqual(twin.tags, {});
	assert.equal(twin.properties.desired.$version, 1);
	assert.equal(twin.properties.reported.$version, 1);
	assert.ok(twin.properties.desired.$metadata.$lastUpdated);
});

test('getTwin of none: 404', () => rejects(registry.getTwin('none'), 'DeviceNotFoundError'));

test('updateTwin merges, null takes away, versions grow', async () => {
	const twin = bodyOf(await registry.updateTwin('dev1',
		{ tags: { room: 'a', floor: 2 }, properties: { desired: { led: { on: true, ms: 5 } } } }, '*'));
	assert.deepEqual(twin.tags, { room: 'a', floor: 2 });
	assert.equal(twin.properties.desired.$version, 2);
	const before = twin.version;
	await twin.update({ tags: { floor: null }, properties: { desired: { led: { ms: null } } } });
	const now = bodyOf(await registry.getTwin('dev1'));
	assert.deepEqual(now.tags, { room: 'a' });
	assert.deepEqual(now.properties.desired.led, { on: true });
	assert.equal(now.properties.desired.$version, 3);
	assert.equal(now.version, before + 1);
});

test('updateTwin with an old etag: 412', () => rejects(registry.updateTwin('dev1', { tags: {} }, 'AAAAAAAAAAE='), 'InvalidEtagError'));
test('updateTwin with a key that may not be: 400', () =>
	rejects(registry.updateTwin('dev1', { tags: { 'a.b': 1 } }, '*'), 'ArgumentError'));
test('updateTwin with more than 32 KB: 400', () =>
	rejects(registry.updateTwin('dev1', { properties: { desired: Object.fromEntries(
		Array.from({ length: 9 }, (_, i) => [`k${i}`, 'x'.repeat(4000)])) } }, '*'), 'ArgumentError'));

// -- queries -------------------------------------------------------------------------------

test('query gives all twins, page by page', async () => {
	const query = registry.createQuery('SELECT * FROM devices', 7);
	const rows = await all(query);
	assert.equal(rows.length, bodyOf(await registry.getRegistryStatistics()).totalDeviceCount);
	assert.equal(new Set(rows.map((r) => r.deviceId)).size, rows.length);
});

test('query by tag and by desired property', async () => {
	const rows = await all(registry.createQuery(
		"SELECT * FROM devices WHERE tags.room = 'a' AND properties.desired.led.on = true"));
	assert.deepEqual(rows.map((r) => r.deviceId), ['dev1']);
});

test('query for some fields', async () => {
	const rows = await all(registry.createQuery(
		"SELECT deviceId, tags.room AS place FROM devices WHERE deviceId IN ['dev1', 'own']"));
	assert.deepEqual(rows, [{ deviceId: 'dev1', place: 'a' }, { deviceId: 'own' }]);
});

test('query that counts', async () => {
	const rows = await all(registry.createQuery("SELECT COUNT() AS n FROM devices WHERE STARTSWITH(deviceId, 'bulk')"));
	assert.deepEqual(rows, [{ n: 99 }]);
});

test('query that is none: 400', () => rejects(registry.createQuery('SELECT FROM nowhere').next(), 'ArgumentError'));

// -- what needs a device, and what may not be ------------------------------------------------

test('a method of a device that is not connected: 404', async () => {
	const client = Client.fromConnectionString(owner);
	await assert.rejects(client.invokeDeviceMethod('dev1', { methodName: 'blink', payload: {} }), (err) => {
		assert.match(`${err.message} ${err.responseBody ?? ''}`, /DeviceNotOnline|[Nn]ot found/);
		return true;
	});
});

test('a key of another hub: 401', () =>
	rejects(Registry.fromConnectionString(owner.replace(/SharedAccessKey=.*/,
		`SharedAccessKey=${Buffer.alloc(32).toString('base64')}`)).get('dev1'), 'UnauthorizedError'));
test('a policy that is not there: 401', () =>
	rejects(Registry.fromConnectionString(owner.replace('iothubowner', 'nobody')).get('dev1'), 'UnauthorizedError'));
test('registryRead reads', async () =>
	assert.equal(bodyOf(await Registry.fromConnectionString(policy('registryRead')).get('dev1')).deviceId, 'dev1'));
test('registryRead does not write: 401', () =>
	rejects(Registry.fromConnectionString(policy('registryRead')).create({ deviceId: 'no' }), 'UnauthorizedError'));
test('registryReadWrite writes, but reads no twins: 401', async () => {
	const other = Registry.fromConnectionString(policy('registryReadWrite'));
	await other.create({ deviceId: 'yes' });
	await rejects(other.getTwin('yes'), 'UnauthorizedError');
});
test('service reads twins, but no identities: 401', async () => {
	const other = Registry.fromConnectionString(policy('service'));
	assert.equal(bodyOf(await other.getTwin('yes')).deviceId, 'yes');
	await rejects(other.get('yes'), 'UnauthorizedError');
});
test('an expired token: 401', () => {
	const token = sas(host, keyIn(owner), -400, 'iothubowner');
	return rejects(Registry.fromSharedAccessSignature(token).get('dev1'), 'UnauthorizedError');
});

// -- each operation with its failures --------------------------------------------------------------

const etag = 'b2xk';
const registryOf = (name) => Registry.fromConnectionString(policy(name));
const lacking = { read: 'service', write: 'registryRead', service: 'registryReadWrite' };
const own = { symmetricKey: { primaryKey: Buffer.alloc(32, 1).toString('base64'),
	secondaryKey: Buffer.alloc(32, 2).toString('base64') } };

// name, the right it needs, a call for the device `id`, and what it makes of one that is not there
const operations = [
	['create', 'write', (r) => r.create({ deviceId: 'never' })],
	['get', 'read', (r, id) => r.get(id), 'DeviceNotFoundError'],
	['list', 'read', (r) => r.list()],
	['update', 'write', (r, id) => r.update({ deviceId: id }), 'DeviceNotFoundError'],
	['delete', 'write', (r, id) => r.delete(id), 'DeviceNotFoundError'],
	['addDevices', 'write', (r) => r.addDevices([{ deviceId: 'never' }])],
	['updateDevices', 'write', (r, id) => r.updateDevices([{ deviceId: id, authentication: own }], true), 'ArgumentError'],
	['removeDevices', 'write', (r, id) => r.removeDevices([{ deviceId: id }], true), 'ArgumentError'],
	['getRegistryStatistics', 'read', (r) => r.getRegistryStatistics()],
	['addModule', 'write', (r, id) => r.addModule({ deviceId: id, moduleId: 'm' }), 'DeviceNotFoundError'],
	['getModule', 'read', (r, id) => r.getModule(id, 'm'), 'Error'],
	['getModulesOnDevice', 'read', (r, id) => r.getModulesOnDevice(id), 'DeviceNotFoundError'],
	['updateModule', 'write', (r, id) => r.updateModule({ deviceId: id, moduleId: 'm' }, true), 'Error'],
	['removeModule', 'write', (r, id) => r.removeModule(id, 'm'), 'Error'],
	['getTwin', 'service', (r, id) => r.getTwin(id), 'DeviceNotFoundError'],
	['updateTwin', 'service', (r, id) => r.updateTwin(id, { tags: {} }, '*'), 'DeviceNotFoundError'],
	['getModuleTwin', 'service', (r, id) => r.getModuleTwin(id, 'm'), 'Error'],
	['updateModuleTwin', 'service', (r, id) => r.updateModuleTwin(id, 'm', { tags: {} }, '*'), 'Error'],
	['createQuery', 'service', (r) => r.createQuery('SELECT * FROM devices').next()],
];

for (const [name, right, call, missing] of operations) {
	test(`${name} with a policy that lacks the right: 401`, () => rejects(call(registryOf(lacking[right]), 'dev1'), 'UnauthorizedError'));
	test(`${name} when throttled: 429`, async () => {
		assert.ok((await control({ do: 'fail', pattern: '429:1' })).ok);
		await rejects(call(registry, 'dev1'), 'ThrottlingError', { text: /Wait 1 seconds/ });
	});
	if (missing)
		test(`${name} of one that is not there: 404`, () => rejects(call(registry, 'none'), missing, { text: /NotFound|not registered/ }));
}

test('and nothing of this was done', async () => {
	await rejects(registry.get('never'), 'DeviceNotFoundError');
	assert.equal(bodyOf(await registry.get('dev1')).deviceId, 'dev1');
});

test('methods: 401, 404, 429', async () => {
	const blink = (who, id) => {
		const client = Client.fromConnectionString(who);
		client.setRetryPolicy(new common.NoRetry());
		return client.invokeDeviceMethod(id, { methodName: 'blink' });
	};
	await rejects(blink(policy('registryReadWrite'), 'dev1'), 'UnauthorizedError');
	await rejects(blink(owner, 'none'), 'DeviceNotFoundError');
	assert.ok((await control({ do: 'fail', pattern: '429:1' })).ok);
	await rejects(blink(owner, 'dev1'), 'ThrottlingError');
});

test('addModule of one that is there: 409', async () => {
	await registry.addModule({ deviceId: 'dev1', moduleId: 'twice' });
	await rejects(registry.addModule({ deviceId: 'dev1', moduleId: 'twice' }), 'DeviceAlreadyExistsError');
});
test('updateModule with an old etag: 412', () =>
	rejects(registry.updateModule({ deviceId: 'dev1', moduleId: 'twice', etag }, false), 'InvalidEtagError'));
test('updateModuleTwin with an old etag: 412', () =>
	rejects(registry.updateModuleTwin('dev1', 'twice', { tags: {} }, etag), 'InvalidEtagError'));
test('removeModule with an old etag: 412', () =>
	rejects(new Promise((resolve, reject) => registry.removeModule({ deviceId: 'dev1', moduleId: 'twice', etag },
		(err) => err ? reject(err) : resolve())), 'InvalidEtagError'));
test('nextAsTwin gives twins that can be updated', async () => {
	const { result } = await registry.createQuery("SELECT * FROM devices WHERE deviceId = 'dev1'").nextAsTwin();
	assert.equal(result.length, 1);
	await result[0].update({ tags: { seen: true } });
	assert.equal(bodyOf(await registry.getTwin('dev1')).tags.seen, true);
});
test('a twin of more than the server takes: 413', () =>
	assert.rejects(registry.updateTwin('dev1', { tags: { a: 'x'.repeat(1100000) } }, '*'), (err) => {
		assert.match(`${err.message} ${err.responseBody ?? ''}`, /ErrorCode:MessageTooLarge/);
		return true;
	}));

// -- what can go wrong on the way --------------------------------------------------------------

for (const [pattern, kind] of [
	['429:1', 'ThrottlingError'],
	['500:1', 'InternalServerError'],
	['503:1', 'ServiceUnavailableError'],
	['403:1', 'TooManyDevicesError'],
])
	test(`armed with ${pattern}: ${kind}`, async () => {
		assert.ok((await control({ do: 'fail', pattern })).ok);
		await rejects(registry.get('dev1'), kind);
		assert.equal(bodyOf(await registry.get('dev1')).deviceId, 'dev1');
	});

for (const pattern of ['html:1', 'drop:1', 'cut:1'])
	test(`armed with ${pattern}: an error, and then all is well`, async () => {
		assert.ok((await control({ do: 'fail', pattern })).ok);
		await assert.rejects(registry.get('dev1'));
		assert.equal(bodyOf(await registry.get('dev1')).deviceId, 'dev1');
	});

test('an answer that is lost: the work is done', async () => {
	assert.ok((await control({ do: 'fail', pattern: 'PUT /devices/lost lose:1' })).ok);
	await assert.rejects(registry.create({ deviceId: 'lost' }));
	assert.equal(bodyOf(await registry.get('lost')).deviceId, 'lost');
});

test('the record holds no key and no signature', () => {
	const text = fs.readFileSync(process.env.HUB_RECORD, 'utf8');
	assert.match(text, /SharedAccessSignature sr=stmiot-local.azure-devices.net&sig=\*\*\*&skn=iothubowner&se=\*\*\*/);
	assert.doesNotMatch(text, /[A-Za-z0-9+/]{43}=/);
	assert.doesNotMatch(text, /sig=[^*]/);
	assert.equal(fs.statSync(process.env.HUB_RECORD).mode & 0o777, 0o600);
});

test('the control socket tells', async () => {
	const status = await control({ do: 'status' });
	assert.equal(status.host, host);
	assert.equal(status.https, 443);
	assert.deepEqual(status.failures, []);
});
