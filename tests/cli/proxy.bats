load hubs

# A hub whose name nobody here can look up: only the proxy knows the way.

more_setup() {
	cc -std=c11 -D_GNU_SOURCE -O1 -o proxy "$BATS_TEST_DIRNAME/proxy.c"
	export STMIOT_TIMEOUT_MS=3000
	unset http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY
	hub_up
	stmiot -q hub add far --ca hub/ca.pem --connection-string-file hub/connection-string
}

# [STATUS]: sets HTTPS_PROXY
proxy_up() {
	./proxy "$hub_port" "$@" >proxied 3>&- &
	proxy_pid=$!
	for _ in $(seq 200); do
		[ ! -s proxied ] || break
		sleep 0.05
	done
	export HTTPS_PROXY=http://127.0.0.1:$(head -n 1 proxied)
}

@test "everything goes through the proxy" {
	run -6 --separate-stderr stmiot --hub far device list
	has "$stderr" "this name has no address"
	proxy_up
	run -0 stmiot -q --hub far device create d
	run -0 stmiot --hub far device list
	has "$output" "d       enabled"
	has "$(cat proxied)" "CONNECT stmiot-local.azure-devices.net:443 HTTP/1.1"
}

@test "doctor sees the hub through the proxy, and other ports without one" {
	proxy_up
	run -1 --separate-stderr stmiot --hub far doctor
	has "$output" "ok     name       stmiot-local.azure-devices.net is looked up by the proxy"
	has "$output" "ok     https      port 443 is open, by the proxy"
	has "$output" "fault  mqtt       stmiot-local.azure-devices.net: this name has no address"
	has "$output" "fault  amqp       stmiot-local.azure-devices.net: this name has no address"
	for check in tls clock key read write service; do
		has "$output" "ok     $check "
	done
	# A proxy for plain HTTP is not the way to MQTT.
	http_proxy=$HTTPS_PROXY run -1 --separate-stderr stmiot --hub far doctor
	has "$output" "fault  mqtt "
}

@test "a proxy that refuses" {
	proxy_up 403
	run -6 --separate-stderr stmiot --hub far device list
	has "$stderr" "the proxy refuses to connect to stmiot-local.azure-devices.net:443 (HTTP 403)"
	has "$stderr" "check the proxy in HTTPS_PROXY"
	run -1 --separate-stderr stmiot --hub far doctor
	has "$output" "fault  https      the proxy refuses"
}

@test "no_proxy excepts the hub: the proxy is not to blame" {
	proxy_up
	kill "$proxy_pid"
	proxy_pid=
	run -6 --separate-stderr stmiot --hub far device list
	has "$stderr" "the proxy to stmiot-local.azure-devices.net:443 cannot be reached"
	for except in stmiot-local.azure-devices.net azure-devices.net .azure-devices.net "a, azure-devices.net" "*"; do
		NO_PROXY=$except run -6 --separate-stderr stmiot --hub far device list
		has "$stderr" "this name has no address"
	done
	NO_PROXY=devices.net run -6 --separate-stderr stmiot --hub far device list
	has "$stderr" "the proxy to"
}
