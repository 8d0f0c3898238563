// What `stmiot device show` does: node show.js HUB-DIR PORT DEVICE
const { open, run } = require('../../hub/sdk.js');

const [dir, port, id] = process.argv.slice(2);
run(async () => {
	const { authentication, ...device } = (await open(dir, port).get(id)).responseBody;
	console.log(JSON.stringify(device, null, 2));
});
