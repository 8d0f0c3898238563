// azure-iothub unmodified, its Registry at a hub on 127.0.0.1 and a port of its own: the
// SDK knows only 443, and an agent's options go before that.
const fs = require('fs');
const https = require('https');
const { Registry, Client } = require('azure-iothub');

function open(dir, port, what = Registry) {
	const text = fs.readFileSync(`${dir}/connection-string`, 'utf8').trim();
	const servername = /HostName=([^;]*)/.exec(text)[1];
	const agent = new https.Agent({ keepAlive: true, host: '127.0.0.1', port, servername });
	const opened = what.fromConnectionString(text);
	opened._restApiClient.setOptions({ http: { agent } });
	return opened;
}

module.exports = { open, Client };
