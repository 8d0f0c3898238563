// Device provisioning: azure-iot-provisioning-service, and -device over HTTP and MQTT.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it, test } from 'node:test';
import provisioning from 'azure-iot-provisioning-service';
import device from 'azure-iot-provisioning-device';
import { Http } from 'azure-iot-provisioning-device-http';
import { Mqtt } from 'azure-iot-provisioning-device-mqtt';
import { SymmetricKeySecurityClient } from 'azure-iot-security-symmetric-key';
import { X509Security } from 'azure-iot-security-x509';
import { all, bodyOf, certify, control, host as hub, owner, read, registry, rejects } from './lib/hub.mjs';

const host = 'global.azure-devices-provisioning.net';
const { ProvisioningServiceClient } = provisioning;
const client = ProvisioningServiceClient.fromConnectionString(read('dps-connection-string'));
const scope = read('dps-id-scope');
const derive = (key, id) => createHmac('sha256', Buffer.from(key, 'base64')).update(id).digest('base64');

const symmetric = (registrationId, more) =>
	({ registrationId, attestation: { type: 'symmetricKey' }, ...more });
const group = (enrollmentGroupId, more) =>
	({ enrollmentGroupId, attestation: { type: 'symmetricKey' }, ...more });

// A CA, of that of `above` if there is one, and a certificate of it.
function certificates(name, above) {
	const ca = certify(`ca of ${name}`, { kind: 'ec', ca: above?.ca, authority: true });
	return { ca, ...certify(name, { kind: 'ec', ca }) };
}

// The service says why in a body of its own.
async function refuses(promise, kind, status) {
	const body = JSON.parse((await rejects(promise, kind, { status })).responseBody);
	assert.equal(Math.floor(body.errorCode / 1000), status);
	assert.match(body.trackingId, /^[0-9a-f-]{36}$/);
	assert.ok(body.message && body.timestampUtc);
}

// Without a callback the SDK never tells the end of this one.
const bulk = (operation) => new Promise((resolve, reject) =>
	client.runBulkEnrollmentOperation(operation, (err, result) => err ? reject(err) : resolve(result)));

test('the control socket tells of it', async () => {
	assert.deepEqual((await control({ do: 'status' })).dps, { id_scope: scope, host });
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
	await refuses(client.createOrUpdateIndividualEnrollment(made), 'InvalidEtagError', 412);
	updated.provisioningStatus = 'enabled';
	await client.createOrUpdateIndividualEnrollment(updated);
});

test('create of one that is there: 409', () =>
	refuses(client.createOrUpdateIndividualEnrollment(symmetric('one')), 'DeviceAlreadyExistsError', 409));
test('create without a TPM: 400', () => refuses(client.createOrUpdateIndividualEnrollment(
	{ registrationId: 'tpm', attestation: { type: 'tpm', tpm: { endorsementKey: 'a' } } }), 'ArgumentError', 400));
test('get of one that is not there: 404', () => refuses(client.getIndividualEnrollment('none'), 'Error', 404));
test('a registration that is not there: 404', () => refuses(client.getDeviceRegistrationState('one'), 'Error', 404));

test('another key: 401', () => refuses(ProvisioningServiceClient.fromConnectionString(
	read('dps-connection-string').replace(/SharedAccessKey=.*/, 'SharedAccessKey=' + Buffer.alloc(32).toString('base64')))
	.getIndividualEnrollment('one'), 'UnauthorizedError', 401));
test("the hub's owner: 401", () => refuses(ProvisioningServiceClient.fromConnectionString(
	owner.replace(/HostName=[^;]*/, `HostName=${host}`)).getIndividualEnrollment('one'), 'UnauthorizedError',
	401));

test('keys are shown by the attestation mechanism only', async () => {
	assert.deepEqual(bodyOf(await client.getIndividualEnrollment('one')).attestation, { type: 'symmetricKey' });
	const { symmetricKey } = bodyOf(await client.getIndividualEnrollmentAttestationMechanism('one'));
	assert.equal(Buffer.from(symmetricKey.primaryKey, 'base64').length, 64);
	assert.notEqual(symmetricKey.primaryKey, symmetricKey.secondaryKey);
	await refuses(client.getIndividualEnrollmentAttestationMechanism('none'), 'Error', 404);
});

test('keys of its own', async () => {
	const symmetricKey = { primaryKey: Buffer.alloc(32, 1).toString('base64'), secondaryKey: Buffer.alloc(16, 2).toString('base64') };
	await client.createOrUpdateIndividualEnrollment({ registrationId: 'own', attestation: { type: 'symmetricKey', symmetricKey } });
	assert.deepEqual(bodyOf(await client.getIndividualEnrollmentAttestationMechanism('own')).symmetricKey, symmetricKey);
	await refuses(client.createOrUpdateIndividualEnrollment({ registrationId: 'bad',
		attestation: { type: 'symmetricKey', symmetricKey: { primaryKey: 'no', secondaryKey: '' } } }), 'ArgumentError', 400);
});

test('certificates', async () => {
	const { ca, cert } = certificates('board-x');
	const made = bodyOf(await client.createOrUpdateIndividualEnrollment({ registrationId: 'board-x', attestation: {
		type: 'x509', x509: { clientCertificates: { primary: { certificate: cert },
			secondary: { certificate: ca.cert.replace(/-----[^-]*-----|\n/g, '') } } } } }));
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
	await refuses(client.deleteIndividualEnrollment('gone', 'b2xk'), 'InvalidEtagError', 412);
	await client.deleteIndividualEnrollment(made);
	await refuses(client.deleteIndividualEnrollment('gone'), 'Error', 404);
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
	await refuses(client.createIndividualEnrollmentQuery({ query: 'SELECT a FROM b' }).next(), 'ArgumentError', 400);
});

// -- groups ----------------------------------------------------------------------------------

test('groups: create, get, update, query and delete', async () => {
	const made = bodyOf(await client.createOrUpdateEnrollmentGroup(group('line')));
	assert.deepEqual(bodyOf(await client.getEnrollmentGroup('line')), made);
	const updated = bodyOf(await client.createOrUpdateEnrollmentGroup({ ...made, initialTwin: { tags: { g: 1 } } }));
	assert.deepEqual(updated.initialTwin, { tags: { g: 1 } });
	await refuses(client.createOrUpdateEnrollmentGroup(made), 'InvalidEtagError', 412);
	await refuses(client.createOrUpdateEnrollmentGroup(group('line')), 'DeviceAlreadyExistsError', 409);
	await client.createOrUpdateEnrollmentGroup(group('other'));
	const rows = await all(client.createEnrollmentGroupQuery({ query: 'SELECT * FROM enrollmentGroups' }, 1));
	assert.deepEqual(rows.map((g) => g.enrollmentGroupId), ['line', 'other']);
	await refuses(client.deleteEnrollmentGroup('other', 'b2xk'), 'InvalidEtagError', 412);
	await client.deleteEnrollmentGroup('other');
	await refuses(client.getEnrollmentGroup('other'), 'Error', 404);
	const { symmetricKey } = bodyOf(await client.getEnrollmentGroupAttestationMechanism('line'));
	assert.equal(Buffer.from(symmetricKey.primaryKey, 'base64').length, 64);
});

test('a group by signing certificate', async () => {
	const { ca, cert } = certificates('board-g');
	const made = bodyOf(await client.createOrUpdateEnrollmentGroup({ enrollmentGroupId: 'signed', attestation: {
		type: 'x509', x509: { signingCertificates: { primary: { certificate: ca.cert } } } } }));
	assert.equal(made.attestation.x509.signingCertificates.primary.info.subjectName, 'CN=ca of board-g');
	await refuses(client.createOrUpdateEnrollmentGroup({ enrollmentGroupId: 'client', attestation: {
		type: 'x509', x509: { clientCertificates: { primary: { certificate: cert } } } } }), 'ArgumentError', 400);
	await client.deleteEnrollmentGroup(made);
});

// -- devices ---------------------------------------------------------------------------------

const keysOf = async (id) => bodyOf(await client.getIndividualEnrollmentAttestationMechanism(id)).symmetricKey;
const stateOf = async (id) => bodyOf(await client.getDeviceRegistrationState(id));

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
			assert.equal(state.assignedHub, hub);
			assert.equal(state.deviceId, deviceId);
			const made = bodyOf(await registry.get(deviceId));
			assert.deepEqual(made.authentication.symmetricKey, { primaryKey, secondaryKey });
			const twin = bodyOf(await registry.getTwin(deviceId));
			assert.deepEqual(twin.tags, { line: 1 });
			assert.equal(twin.properties.desired.rate, 2);
			const seen = await stateOf(id);
			assert.equal(seen.status, 'assigned');
			assert.equal(bodyOf(await client.getIndividualEnrollment(id)).registrationState.deviceId, deviceId);
			await refuses(client.deleteDeviceRegistrationState(id, 'b2xk'), 'InvalidEtagError', 412);
			await client.deleteDeviceRegistrationState(seen);
			await refuses(client.getDeviceRegistrationState(id), 'Error', 404);
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
			assert.equal(authentication.x509Thumbprint.primaryThumbprint, own.print);
		});

		// and of one whose CA is in between, which the device shows too
		it('register with a certificate of a group', async () => {
			const id = `signed-${name}`;
			await client.createOrUpdateEnrollmentGroup({ enrollmentGroupId: id, attestation: { type: 'x509',
				x509: { signingCertificates: { primary: { certificate: signed.ca.cert } } } } });
			await client.createOrUpdateEnrollmentGroup({ enrollmentGroupId: `near-${name}`, attestation: { type: 'x509',
				x509: { signingCertificates: { primary: { certificate: chain.ca.cert } } } } });
			const [far, near] = await Promise.all([registerX509(id, signed),
				registerX509(`chain-${name}`, { cert: chain.cert + chain.ca.cert, key: chain.key })]);
			assert.equal(far.x509.enrollmentGroupId, id);
			assert.equal(near.x509.enrollmentGroupId, `near-${name}`);
			assert.equal(bodyOf(await registry.get(id)).authentication.x509Thumbprint.primaryThumbprint, signed.print);
		});

		it('with another certificate are refused', async () => {
			await rejects(registerX509(`stranger-${name}`, stranger), 'UnauthorizedError');
			await rejects(registerX509(`stranger-${name}`, own), 'UnauthorizedError');
		});

		it('fail where a webhook would choose', async () => {
			const id = `webhook-${name}`;
			await client.createOrUpdateIndividualEnrollment(symmetric(id, { allocationPolicy: 'custom',
				customAllocationDefinition: { webhookUrl: 'https://x.example', apiVersion: '2019-03-31' } }));
			await rejects(register(id, (await keysOf(id)).primaryKey), 'DeviceRegistrationFailedError');
			assert.equal((await stateOf(id)).errorCode, 400207);
		});

		it('that are disabled are told so', async () => {
			const id = `off-${name}`;
			await client.createOrUpdateIndividualEnrollment(symmetric(id, { provisioningStatus: 'disabled' }));
			await assert.rejects(register(id, (await keysOf(id)).primaryKey), /status is disabled/);
		});

		const wrong = Buffer.alloc(64, 3).toString('base64');
		it('with a wrong key are refused', () => rejects(register('own', wrong), 'UnauthorizedError'));
		it('that nobody knows are refused', () => rejects(register('stranger', wrong), 'UnauthorizedError'));
		it('in another scope are refused', () => rejects(register('own', wrong, '0ne00000000'), 'Error'));
	});
}
