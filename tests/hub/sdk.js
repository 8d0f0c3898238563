// azure-iothub unmodified, its Registry at a hub on 127.0.0.1 and a port of its own: the
// SDK knows only 443, and an agent's options go before that. Its CA alone is trusted, as by
// us, so that Node.js need not read those that it brings.
const fs = require('fs');
const https = require('https');
const { Registry, Client } = require('azure-iothub');

function open(dir, port, what = Registry) {
	const text = fs.readFileSync(`${dir}/connection-string`, 'utf8').trim();
	const servername = /HostName=([^;]*)/.exec(text)[1];
	const ca = fs.readFileSync(`${dir}/ca.pem`);
	const agent = new https.Agent({ keepAlive: true, ca, host: '127.0.0.1', port, servername });
	const opened = what.fromConnectionString(text);
	opened._restApiClient.setOptions({ http: { agent } });
	return opened;
}

// To the end, kept-alive connections or not. Of an error the message alone: all of it would
// show the token.
function run(work) {
	work().then(() => process.exit(0), (error) => {
		console.error(`${error.name}: ${error.message}`);
		process.exit(1);
	});
}

module.exports = { open, run, Client };
