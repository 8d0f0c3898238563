// What the tests with Microsoft's SDKs share: the hub of HUB_DIR, identities in it, tokens and
// certificates for them, and waiting for what is to come.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import iothub from 'azure-iothub';
import device from 'azure-iot-device';

// -- the hub -------------------------------------------------------------------------------

export const host = 'stmiot-local.azure-devices.net';
export const dir = process.env.HUB_DIR;
export const read = (name) => fs.readFileSync(`${dir}/${name}`, 'utf8').trim();
// Connection strings, and the key in one.
export const owner = read('connection-string');
export const policy = (name) => read(`policies/${name}`);
export const keyIn = (string) => /SharedAccessKey=(.*)/.exec(string)[1];

// A folder beside the hub's, and gone with it.
export const temp = fs.mkdtempSync(`${dir}-`);

// What an operation answered: the SDKs wrap it in one of two ways, or not at all.
export const bodyOf = (answer) => answer.responseBody ?? answer.result ?? answer;

// All rows of a query. Without a callback the SDK forgets the token unless it is handed over.
export async function all(query) {
	const rows = [];
	while (query.hasMoreResults)
		rows.push(...bodyOf(await query.next(query.continuationToken)));
	return rows;
}

// The control socket: one line in, one line out.
export async function control(request) {
	const socket = net.connect(`${dir}/control`, () => socket.write(JSON.stringify(request) + '\n'));
	let text = '';
	for await (const data of socket.setEncoding('utf8')) {
		text += data;
		if (text.includes('\n'))
			break;
	}
	return JSON.parse(text);
}

// The built-in endpoint: its name, and its connection strings, with that name or without.
export const entity = 'iothub-ehub-stmiot-local';
export const endpointOf = (name, key = keyIn(policy(name))) =>
	`Endpoint=sb://${host}/;SharedAccessKeyName=${name};SharedAccessKey=${key}`;
export const eventHub = `${endpointOf('iothubowner')};EntityPath=${entity}`;

// -- identities ----------------------------------------------------------------------------

export const registry = iothub.Registry.fromConnectionString(owner);
export const create = async (deviceId, more = {}) => bodyOf(await registry.create({ deviceId, ...more }));
export const selfSigned = (print) => ({ authentication: { type: 'selfSigned', x509Thumbprint: { primaryThumbprint: print } } });
export const keyOf = (identity) => identity.authentication.symmetricKey.primaryKey;
export const stringOf = (identity, key = keyOf(identity)) => `HostName=${host};DeviceId=${identity.deviceId};` +
	(identity.moduleId ? `ModuleId=${identity.moduleId};` : '') + `SharedAccessKey=${key}`;

export function sas(resource, key, seconds, policy) {
	const sr = encodeURIComponent(resource);
	const se = Math.floor(Date.now() / 1000) + seconds;
	const sig = crypto.createHmac('sha256', Buffer.from(key, 'base64')).update(`${sr}\n${se}`).digest('base64');
	return `SharedAccessSignature sr=${sr}&sig=${encodeURIComponent(sig)}&se=${se}` + (policy ? `&skn=${policy}` : '');
}

// A token of a device, for so long.
export const tokenOf = (identity, seconds) => sas(`${host}/devices/${identity.deviceId}`, keyOf(identity), seconds);

// What a device has to say of itself.
export const report = (twin, patch) => new Promise((resolve, reject) =>
	twin.properties.reported.update(patch, (error) => (error ? reject(error) : resolve())));

// -- certificates --------------------------------------------------------------------------

const kinds = { rsa: ['rsa:2048'], ec: ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'] };
const openssl = (...args) => execFileSync('openssl', args, { stdio: 'pipe' });

// A key and a certificate with its print, self-signed, or by a CA: another of these, or the
// files of one. As an authority it may sign more.
export function certify(name, { kind = 'rsa', ca, authority = false } = {}) {
	const at = `${temp}/${name}`;
	const it = { certFile: `${at}.pem`, keyFile: `${at}.key` };
	const request = ['req', '-newkey', ...kinds[kind], '-nodes', '-subj', `/CN=${name}`, '-keyout', it.keyFile];
	if (ca) {
		if (authority)
			fs.writeFileSync(`${at}.ext`, 'basicConstraints=critical,CA:TRUE');
		openssl(...request, '-out', `${at}.csr`);
		openssl('x509', '-req', '-in', `${at}.csr`, '-days', '2', '-out', it.certFile, '-CA', ca.certFile, '-CAkey',
			ca.keyFile, '-CAcreateserial', '-CAserial', `${at}.srl`, ...(authority ? ['-extfile', `${at}.ext`] : []));
	} else {
		openssl(...request, '-x509', '-days', '2', '-out', it.certFile);
	}
	const [cert, key] = [it.certFile, it.keyFile].map((file) => fs.readFileSync(file, 'utf8'));
	return { ...it, cert, key, print: new crypto.X509Certificate(cert).fingerprint256.replaceAll(':', '') };
}

// A device that shows it.
export function withCertificate(deviceId, { cert, key }, transport) {
	const client = device.Client.fromConnectionString(`HostName=${host};DeviceId=${deviceId};x509=true`, transport);
	client.setOptions({ cert, key }); // not awaited: over HTTP it never ends
	return client;
}

// -- waiting -------------------------------------------------------------------------------

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// True as soon as `done` says so; false when it has not for too long.
export async function until(done, limitMs = 8000) {
	for (const end = Date.now() + limitMs; !await done(); await sleep(20))
		if (Date.now() > end)
			return false;
	return true;
}

// What the hub writes to its log, behind the first `from` bytes. Over AMQP the SDK itself tells
// 45 s later that a connection was closed.
export const logLength = () => fs.statSync(process.env.HUB_LOG).size;
export async function logged(text, from = 0) {
	const log = () => fs.readFileSync(process.env.HUB_LOG).subarray(from).toString();
	assert.ok(await until(() => text.test(log())), `${text} is not in ${log()}`);
}

// An error of the SDK by the name of its class, with the status and the text if they are given.
export async function rejects(promise, kind, { status, text } = {}) {
	let error;
	await assert.rejects(promise, (err) => {
		error = err;
		assert.equal(err.constructor.name, kind, `${err.constructor.name}: ${err.message}`);
		if (status)
			assert.equal(err.response.statusCode, status);
		if (text)
			assert.match(`${err.message} ${err.responseBody ?? ''}`, text);
		return true;
	});
	return error;
}
