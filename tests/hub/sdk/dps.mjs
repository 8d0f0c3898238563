// Device provisioning: azure-iot-provisioning-service, and -device over HTTP and MQTT.
import assert from 'node:assert/strict';
import { createHmac, X509Certificate } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import { describe, it, test } from 'node:test';
import iothub from 'azure-iothub';
import provisioning from 'azure-iot-provisioning-service';
import device from 'azure-iot-provisioning-device';
import { Http } from 'azure-iot-provisioning-device-http';
import { Mqtt } from 'azure-iot-provisioning-device-mqtt';
import { SymmetricKeySecurityClient } from 'azure-iot-security-symmetric-key';
import { X509Security } from 'azure-iot-security-x509';

const host = 'global.azure-devices-provisioning.net';
const dir = process.env.HUB_DIR;
const read = (name) => fs.readFileSync(`${dir}/${name}`, 'utf8').trim();
const { ProvisioningServiceClient } = provisioning;
const client = ProvisioningServiceClient.fromConnectionString(read('dps-connection-string'));
const registry = iothub.Registry.fromConnectionString(read('connection-string'));
const scope = read('dps-id-scope');
const bodyOf = (result) => result.responseBody ?? result;
const derive = (key, id) => createHmac('sha256', Buffer.from(key, 'base64')).update(id).digest('base64');

const symmetric = (registrationId, more) =>
	({ registrationId, attestation: { type: 'symmetricKey' }, ...more });
const group = (enrollmentGroupId, more) =>
	({ enrollmentGroupId, attestation: { type: 'symmetricKey' }, ...more });

// A CA, of that of `above` if there is one, and a certificate of it, PEM. The files are beside
// the hub's folder, and are gone with it.
function certificates(name, above) {
	const at = `${dir}/../${name}`;
	const openssl = (...args) => execFileSync('openssl', args, { stdio: 'ignore' });
	const key = (file) => ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', file];
	const sign = (from, ca, ...more) => openssl('x509', '-req', '-in', `${from}.csr`, '-CA', `${ca}-ca.pem`,
		'-CAkey', `${ca}-ca.key`, '-CAcreateserial', '-out', `${from}.pem`, '-days', '2', ...more);
	if (above) {
		fs.writeFileSync(`${at}.ext`, 'basicConstraints=critical,CA:TRUE');
		openssl('req', ...key(`${at}-ca.key`), '-out', `${at}-ca.csr`, '-subj', `/CN=ca of ${name}`);
		sign(`${at}-ca`, above.at, '-extfile', `${at}.ext`);
	} else {
		openssl('req', '-x509', ...key(`${at}-ca.key`), '-out', `${at}-ca.pem`, '-subj', `/CN=ca of ${name}`, '-days', '2');
	}
	openssl('req', ...key(`${at}.key`), '-out', `${at}.csr`, '-subj', `/CN=${name}`);
	sign(at, at);
	const pem = (file) => fs.readFileSync(file, 'utf8');
	return { at, ca: pem(`${at}-ca.pem`), cert: pem(`${at}.pem`), key: pem(`${at}.key`) };
}

const rejects = (promise, status, kind) =>
	assert.rejects(promise, (err) => {
		assert.equal(err.constructor.name, kind, err.message);
		assert.equal(err.response.statusCode, status);
		const body = JSON.parse(err.responseBody);
		assert.equal(Math.floor(body.errorCode / 1000), status);
		assert.match(body.trackingId, /^[0-9a-f-]{36}$/);
		assert.ok(body.message && body.timestampUtc);
		return true;
	});

async function all(query) {
	const rows = [];
	while (query.hasMoreResults)
		rows.push(...bodyOf(await query.next(query.continuationToken)));
	return rows;
}

// Without a callback the SDK never tells the end of this one.
const bulk = (operation) => new Promise((resolve, reject) =>
	client.runBulkEnrollmentOperation(operation, (err, result) => err ? reject(err) : resolve(result)));

test('the control socket tells of it', async () => {
	const socket = net.connect(`${dir}/control`, () => socket.write('{"do":"status"}\n'));
	const [answer] = await once(socket, 'data');
	socket.end();
	assert.deepEqual(JSON.parse(answer).dps, { id_scope: scope, host });
});

// -- individual enrolments -------------------------------------------------------------------

test('create, get and update an individual enrollment', async () => {
	const made = bodyOf(await client.createOrUpdateIndividualEnrollment(symmetric('one', {
		deviceId: 'Device-One', initialTwin: { tags: { line: 1 }, properties: { desired: { rate: 2 } } } })));
	assert.equal(made.registrationId, 'one');
	assert.equal(made.provisioningStatus, 'enabled');
	const got = bodyOf(await client.getIndividualEnrollment('one'));
	assert.deepEqual(got, made);
	got.provisioningStatus = 'disabled';
	const updated = bodyOf(await client.createOrUpdateIndividualEnrollment(got));
	assert.equal(updated.provisioningStatus, 'disabled');
	assert.notEqual(updated.etag, made.etag);
	await rejects(client.createOrUpdateIndividualEnrollment(made), 412, 'InvalidEtagError');
	updated.provisioningStatus = 'enabled';
	await client.createOrUpdateIndividualEnrollment(updated);
});

test('create of one that is there: 409', () =>
	rejects(client.createOrUpdateIndividualEnrollment(symmetric('one')), 409, 'DeviceAlreadyExistsError'));
test('create without a TPM: 400', () => rejects(client.createOrUpdateIndividualEnrollment(
	{ registrationId: 'tpm', attestation: { type: 'tpm', tpm: { endorsementKey: 'a' } } }), 400, 'ArgumentError'));
test('get of one that is not there: 404', () => rejects(client.getIndividualEnrollment('none'), 404, 'Error'));
test('a registration that is not there: 404', () => rejects(client.getDeviceRegistrationState('one'), 404, 'Error'));

test('another key: 401', () => rejects(ProvisioningServiceClient.fromConnectionString(
	read('dps-connection-string').replace(/SharedAccessKey=.*/, 'SharedAccessKey=' + Buffer.alloc(32).toString('base64')))
	.getIndividualEnrollment('one'), 401, 'UnauthorizedError'));
test("the hub's owner: 401", () => rejects(ProvisioningServiceClient.fromConnectionString(
	read('connection-string').replace(/HostName=[^;]*/, `HostName=${host}`)).getIndividualEnrollment('one'), 401,
	'UnauthorizedError'));

test('keys are shown by the attestation mechanism only', async () => {
	assert.deepEqual(bodyOf(await client.getIndividualEnrollment('one')).attestation, { type: 'symmetricKey' });
	const { symmetricKey } = bodyOf(await client.getIndividualEnrollmentAttestationMechanism('one'));
	assert.equal(Buffer.from(symmetricKey.primaryKey, 'base64').length, 64);
	assert.notEqual(symmetricKey.primaryKey, symmetricKey.secondaryKey);
	await rejects(client.getIndividualEnrollmentAttestationMechanism('none'), 404, 'Error');
});

test('keys of its own', async () => {
	const symmetricKey = { primaryKey: Buffer.alloc(32, 1).toString('base64'), secondaryKey: Buffer.alloc(16, 2).toString('base64') };
	await client.createOrUpdateIndividualEnrollment({ registrationId: 'own', attestation: { type: 'symmetricKey', symmetricKey } });
	assert.deepEqual(bodyOf(await client.getIndividualEnrollmentAttestationMechanism('own')).symmetricKey, symmetricKey);
	await rejects(client.createOrUpdateIndividualEnrollment({ registrationId: 'bad',
		attestation: { type: 'symmetricKey', symmetricKey: { primaryKey: 'no', secondaryKey: '' } } }), 400, 'ArgumentError');
});

test('certificates', async () => {
	const { ca, cert } = certificates('board-x');
	const made = bodyOf(await client.createOrUpdateIndividualEnrollment({ registrationId: 'board-x', attestation: {
		type: 'x509', x509: { clientCertificates: { primary: { certificate: cert },
			secondary: { certificate: ca.replace(/-----[^-]*-----|\n/g, '') } } } } }));
	const { primary, secondary } = made.attestation.x509.clientCertificates;
	assert.equal(primary.info.subjectName, 'CN=board-x');
	assert.equal(primary.info.issuerName, 'CN=ca of board-x');
	assert.equal(secondary.info.subjectName, 'CN=ca of board-x');
	assert.match(primary.info.sha256Thumbprint, /^[0-9A-F]{64}$/);
	const kept = bodyOf(await client.createOrUpdateIndividualEnrollment(made));
	assert.deepEqual(kept.attestation, made.attestation);
	await client.deleteIndividualEnrollment(kept);
});

test('delete by id, by enrollment, and with an etag that is old', async () => {
	const made = bodyOf(await client.createOrUpdateIndividualEnrollment(symmetric('gone')));
	await rejects(client.deleteIndividualEnrollment('gone', 'b2xk'), 412, 'InvalidEtagError');
	await client.deleteIndividualEnrollment(made);
	await rejects(client.deleteIndividualEnrollment('gone'), 404, 'Error');
});

test('bulk: create, update and delete, with failures', async () => {
	const enrollments = [...Array(10).keys()].map((i) => symmetric(`bulk-${i}`));
	assert.deepEqual(await bulk({ mode: 'create', enrollments }), { isSuccessful: true, errors: [] });
	const again = await bulk({ mode: 'create', enrollments: [symmetric('bulk-0'), symmetric('bulk-x')] });
	assert.equal(again.isSuccessful, false);
	assert.equal(again.errors.length, 1);
	assert.equal(again.errors[0].registrationId, 'bulk-0');
	assert.equal(Math.floor(again.errors[0].errorCode / 1000), 409);
	assert.ok(again.errors[0].errorStatus);
	assert.equal((await bulk({ mode: 'update', enrollments: [symmetric('bulk-0', { deviceId: 'b0' })] })).isSuccessful, true);
	const etags = [symmetric('bulk-0', { etag: 'b2xk' }), bodyOf(await client.getIndividualEnrollment('bulk-1'))];
	assert.deepEqual((await bulk({ mode: 'updateIfMatchEtag', enrollments: etags })).errors.map((e) => e.registrationId), ['bulk-0']);
	await assert.rejects(bulk({ mode: 'create', enrollments: [...enrollments, symmetric('bulk-11')] }));
	assert.equal((await bulk({ mode: 'delete', enrollments: [...enrollments.slice(0, 9), symmetric('bulk-x')] })).isSuccessful, true);
	await client.deleteIndividualEnrollment('bulk-9');
});

test('queries come in pages', async () => {
	await bulk({ mode: 'create', enrollments: [...Array(5).keys()].map((i) => symmetric(`page-${i}`)) });
	const query = client.createIndividualEnrollmentQuery({ query: 'SELECT * FROM enrollments' }, 2);
	const first = bodyOf(await query.next());
	assert.equal(first.length, 2);
	assert.ok(query.hasMoreResults);
	const ids = (await all(client.createIndividualEnrollmentQuery({ query: '*' }, 3))).map((e) => e.registrationId);
	assert.deepEqual(ids, ['one', 'own', ...[...Array(5).keys()].map((i) => `page-${i}`)]);
	await rejects(client.createIndividualEnrollmentQuery({ query: 'SELECT a FROM b' }).next(), 400, 'ArgumentError');
});

// -- groups ----------------------------------------------------------------------------------

test('groups: create, get, update, query and delete', async () => {
	const made = bodyOf(await client.createOrUpdateEnrollmentGroup(group('line')));
	assert.deepEqual(bodyOf(await client.getEnrollmentGroup('line')), made);
	const updated = bodyOf(await client.createOrUpdateEnrollmentGroup({ ...made, initialTwin: { tags: { g: 1 } } }));
	assert.deepEqual(updated.initialTwin, { tags: { g: 1 } });
	await rejects(client.createOrUpdateEnrollmentGroup(made), 412, 'InvalidEtagError');
	await rejects(client.createOrUpdateEnrollmentGroup(group('line')), 409, 'DeviceAlreadyExistsError');
	await client.createOrUpdateEnrollmentGroup(group('other'));
	const rows = await all(client.createEnrollmentGroupQuery({ query: 'SELECT * FROM enrollmentGroups' }, 1));
	assert.deepEqual(rows.map((g) => g.enrollmentGroupId), ['line', 'other']);
	await rejects(client.deleteEnrollmentGroup('other', 'b2xk'), 412, 'InvalidEtagError');
	await client.deleteEnrollmentGroup('other');
	await rejects(client.getEnrollmentGroup('other'), 404, 'Error');
	const { symmetricKey } = bodyOf(await client.getEnrollmentGroupAttestationMechanism('line'));
	assert.equal(Buffer.from(symmetricKey.primaryKey, 'base64').length, 64);
});

test('a group by signing certificate', async () => {
	const { ca, cert } = certificates('board-g');
	const made = bodyOf(await client.createOrUpdateEnrollmentGroup({ enrollmentGroupId: 'signed', attestation: {
		type: 'x509', x509: { signingCertificates: { primary: { certificate: ca } } } } }));
	assert.equal(made.attestation.x509.signingCertificates.primary.info.subjectName, 'CN=ca of board-g');
	await rejects(client.createOrUpdateEnrollmentGroup({ enrollmentGroupId: 'client', attestation: {
		type: 'x509', x509: { clientCertificates: { primary: { certificate: cert } } } } }), 400, 'ArgumentError');
	await client.deleteEnrollmentGroup(made);
});

// -- devices ---------------------------------------------------------------------------------

const refused = (promise, kind) => assert.rejects(promise, (err) => {
	assert.equal(err.constructor.name, kind, err.message);
	return true;
});
const keysOf = async (id) => bodyOf(await client.getIndividualEnrollmentAttestationMechanism(id)).symmetricKey;
const stateOf = async (id) => bodyOf(await client.getDeviceRegistrationState(id));
const thumbprint = (pem) => new X509Certificate(pem).fingerprint256.replaceAll(':', '');

// Each waits for the three seconds that the service says.
for (const [name, Transport] of [['http', Http], ['mqtt', Mqtt]]) {
	const create = (security, idScope = scope) => device.ProvisioningDeviceClient.create(host, idScope, new Transport(), security);
	const register = (id, key, idScope) => create(new SymmetricKeySecurityClient(id, key), idScope).register();
	const registerX509 = (id, { cert, key }) => create(new X509Security(id, { cert, key })).register();

	const own = certificates(`own-${name}`), signed = certificates(`signed-${name}`);
	const chain = certificates(`chain-${name}`, signed), stranger = certificates(`stranger-${name}`);

	describe(`devices over ${name}`, { concurrency: true }, () => {
		it('register with a key of their own', async () => {
			const id = `one-${name}`, deviceId = `Device-${name}`;
			await client.createOrUpdateIndividualEnrollment(symmetric(id, {
				deviceId, initialTwin: { tags: { line: 1 }, properties: { desired: { rate: 2 } } } }));
			const { primaryKey, secondaryKey } = await keysOf(id);
			const state = await register(id, primaryKey);
			assert.equal(state.status, 'assigned');
			assert.equal(state.substatus, 'initialAssignment');
			assert.equal(state.assignedHub, /HostName=([^;]*)/.exec(read('connection-string'))[1]);
			assert.equal(state.deviceId, deviceId);
			const made = bodyOf(await registry.get(deviceId));
			assert.deepEqual(made.authentication.symmetricKey, { primaryKey, secondaryKey });
			const twin = bodyOf(await registry.getTwin(deviceId));
			assert.deepEqual(twin.tags, { line: 1 });
			assert.equal(twin.properties.desired.rate, 2);
			const seen = await stateOf(id);
			assert.equal(seen.status, 'assigned');
			assert.equal(bodyOf(await client.getIndividualEnrollment(id)).registrationState.deviceId, deviceId);
			await rejects(client.deleteDeviceRegistrationState(id, 'b2xk'), 412, 'InvalidEtagError');
			await client.deleteDeviceRegistrationState(seen);
			await rejects(client.getDeviceRegistrationState(id), 404, 'Error');
		});

		it('register with a key derived from a group', async () => {
			const id = `board-${name}`, groupId = `line-${name}`;
			await client.createOrUpdateEnrollmentGroup(group(groupId));
			const { symmetricKey } = bodyOf(await client.getEnrollmentGroupAttestationMechanism(groupId));
			const state = await register(id, derive(symmetricKey.secondaryKey, id));
			assert.equal(state.deviceId, id);
			const made = bodyOf(await registry.get(id));
			assert.equal(made.authentication.symmetricKey.primaryKey, derive(symmetricKey.primaryKey, id));
			const rows = await all(client.createEnrollmentGroupDeviceRegistrationStateQuery({ query: '*' }, groupId, 5));
			assert.deepEqual(rows.map((r) => r.registrationId), [id]);
		});

		it('register with a certificate of their own', async () => {
			const id = `own-${name}`;
			await client.createOrUpdateIndividualEnrollment({ registrationId: id, attestation: { type: 'x509',
				x509: { clientCertificates: { primary: { certificate: own.cert } } } } });
			assert.equal((await registerX509(id, own)).deviceId, id);
			const { authentication } = bodyOf(await registry.get(id));
			assert.equal(authentication.type, 'selfSigned');
			assert.equal(authentication.x509Thumbprint.primaryThumbprint, thumbprint(own.cert));
		});

		// and of one whose CA is in between, which the device shows too
		it('register with a certificate of a group', async () => {
			const id = `signed-${name}`;
			await client.createOrUpdateEnrollmentGroup({ enrollmentGroupId: id, attestation: { type: 'x509',
				x509: { signingCertificates: { primary: { certificate: signed.ca } } } } });
			await client.createOrUpdateEnrollmentGroup({ enrollmentGroupId: `near-${name}`, attestation: { type: 'x509',
				x509: { signingCertificates: { primary: { certificate: chain.ca } } } } });
			const [far, near] = await Promise.all([registerX509(id, signed),
				registerX509(`chain-${name}`, { cert: chain.cert + chain.ca, key: chain.key })]);
			assert.equal(far.x509.enrollmentGroupId, id);
			assert.equal(near.x509.enrollmentGroupId, `near-${name}`);
			assert.equal(bodyOf(await registry.get(id)).authentication.x509Thumbprint.primaryThumbprint, thumbprint(signed.cert));
		});

		it('with another certificate are refused', async () => {
			await refused(registerX509(`stranger-${name}`, stranger), 'UnauthorizedError');
			await refused(registerX509(`stranger-${name}`, own), 'UnauthorizedError');
		});

		it('fail where a webhook would choose', async () => {
			const id = `webhook-${name}`;
			await client.createOrUpdateIndividualEnrollment(symmetric(id, { allocationPolicy: 'custom',
				customAllocationDefinition: { webhookUrl: 'https://x.example', apiVersion: '2019-03-31' } }));
			await refused(register(id, (await keysOf(id)).primaryKey), 'DeviceRegistrationFailedError');
			assert.equal((await stateOf(id)).errorCode, 400207);
		});

		it('that are disabled are told so', async () => {
			const id = `off-${name}`;
			await client.createOrUpdateIndividualEnrollment(symmetric(id, { provisioningStatus: 'disabled' }));
			await assert.rejects(register(id, (await keysOf(id)).primaryKey), /status is disabled/);
		});

		const wrong = Buffer.alloc(64, 3).toString('base64');
		it('with a wrong key are refused', () => refused(register('own', wrong), 'UnauthorizedError'));
		it('that nobody knows are refused', () => refused(register('stranger', wrong), 'UnauthorizedError'));
		it('in another scope are refused', () => refused(register('own', wrong, '0ne00000000'), 'Error'));
	});
}
