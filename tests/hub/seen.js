// In front of a hub, where no device can connect yet: each has been seen just now.
//
//	node seen.js HUB-DIR PORT
const fs = require('fs');
const https = require('https');

const [dir, port] = process.argv.slice(2);
const ca = fs.readFileSync(`${dir}/ca.pem`);
const tls = { key: fs.readFileSync(`${dir}/server.key`), cert: fs.readFileSync(`${dir}/server.pem`) };

function answer(from, to) {
	const parts = [];
	from.on('data', (part) => parts.push(part)).on('end', () => {
		const seen = new Date(Date.now() + 1000).toISOString();
		const { 'content-length': length, ...headers } = from.headers;
		to.writeHead(from.statusCode, headers);
		to.end(Buffer.concat(parts).toString().replace(/"lastActivityTime":"[^"]*"/, `"lastActivityTime":"${seen}"`));
	});
}

const server = https.createServer(tls, (request, response) => {
	const { method, url: path, headers } = request;
	request.pipe(https.request({ host: '127.0.0.1', port, servername: headers.host, ca, method, path, headers },
		(from) => answer(from, response)));
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
