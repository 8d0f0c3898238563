// What `stmiot device show` does: node show.js HUB-DIR PORT DEVICE
const { open } = require('../../hub/sdk.js');

const [dir, port, id] = process.argv.slice(2);
open(dir, port).get(id).then((result) => {
	const { authentication, ...device } = result.responseBody;
	console.log(JSON.stringify(device, null, 2));
	process.exit(0);
});
