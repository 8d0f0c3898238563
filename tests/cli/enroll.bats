load hubs

@test "enroll, enrolled, unenroll" {
	hub_up
	run -0 --separate-stderr stmiot device enrolled
	output_is ""
	stderr_is "stmiot: global.azure-devices-provisioning.net has no enrolment yet; 'stmiot device enroll' makes one"
	run -0 --separate-stderr stmiot device enroll press-07 --device-id Press07
	output_is "enrolment          press-07
status             enabled
attestation        symmetricKey
hub                any that is linked
device id          Press07
registered         never"
	stderr_is ""
	stmiot -q device enroll press-08 --disabled --assign-to stmiot-local.azure-devices.net >made
	run -0 --separate-stderr stmiot device enrolled
	output_is "REGISTRATION  STATUS    ATTESTATION   REGISTERED
press-07      enabled   symmetricKey  never
press-08      disabled  symmetricKey  never"
	run -0 --separate-stderr stmiot device enrolled press-08 --json
	[ "$(jq -c '[.id, .group, .status, .attestation, .hub, .device_id, .registration, has("primary_key")]' <<<"$output")" = \
		'["press-08",false,"disabled","symmetricKey","stmiot-local.azure-devices.net",null,null,false]' ]
	run -2 --separate-stderr stmiot device unenroll press-08 </dev/null
	has "$stderr" "delete the enrolment 'press-08'"
	run -0 --separate-stderr stmiot device unenroll press-08 --yes
	has "$stderr" "deleted the enrolment 'press-08'"
	run -6 --separate-stderr stmiot device enrolled press-08
	stderr_is "stmiot: device enrolled: global.azure-devices-provisioning.net has no enrolment \"press-08\""
	run -6 --separate-stderr stmiot device unenroll press-08 --yes
	run -1 --separate-stderr stmiot device enroll press-07
	has "$stderr" "has the enrolment \"press-07\" already"
}

@test "groups, whose keys are shown when asked for" {
	hub_up
	run -0 --separate-stderr stmiot device enroll --group line-1
	output_is "enrolment group    line-1
status             enabled
attestation        symmetricKey
hub                any that is linked"
	run -0 bash -c "stmiot device enrolled --group line-1 --show-keys --json | jq -r .primary_key"
	[ "$(base64 -d <<<"$output" | wc -c)" = 64 ]
	key=$output
	echo "$key" >group.key
	used_secret group.key
	run -0 --separate-stderr stmiot device enrolled --group line-1 --show-keys
	has "$output" "primary key        $key"
	run -0 --separate-stderr stmiot device enrolled --groups
	output_is "GROUP   STATUS   ATTESTATION
line-1  enabled  symmetricKey"
	run -0 --separate-stderr stmiot device enrolled --group line-1 --json
	[ "$(jq -c '[.group, .registrations]' <<<"$output")" = '[true,[]]' ]
	run -0 stmiot device unenroll --group line-1 -y
	run -6 stmiot device enrolled --group line-1
}

@test "certificates, and nobody's private key" {
	hub_up
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem \
		-subj /CN=press-09 -days 2 2>/dev/null
	used_secret key.pem
	run -0 --separate-stderr stmiot device enroll press-09 --certificate cert.pem --json
	sum=$(openssl x509 -in cert.pem -outform DER | sha256sum | cut -d ' ' -f 1)
	[ "$(jq -r '.primary_thumbprint | ascii_downcase' <<<"$output")" = "$sum" ]
	[ "$(jq -r .attestation <<<"$output")" = x509 ]
	cat cert.pem key.pem >both.pem
	run -5 --separate-stderr stmiot device enroll press-10 --certificate both.pem
	has "$stderr" "has a private key"
	echo hello >none.pem
	run -5 --separate-stderr stmiot device enroll press-10 --certificate none.pem
	has "$stderr" "no certificate in PEM"
	run -1 --separate-stderr stmiot device enroll press-10 --certificate nowhere.pem
	run -2 --separate-stderr stmiot device enroll press-10 --certificate cert.pem --ca-name CA
	run -6 --separate-stderr stmiot device enrolled press-10
}

@test "by the environment, which is a provisioning service's or refused" {
	hub_up
	rm -f keys
	STMIOT_DPS_CONNECTION_STRING=$(cat hub/dps-connection-string)
	export STMIOT_DPS_CONNECTION_STRING
	# Nobody is told where the local one is.
	run -6 --separate-stderr env STMIOT_TIMEOUT_MS=300 stmiot --no-retry device enrolled
	has "$stderr" "global.azure-devices-provisioning.net"
	STMIOT_DPS_CONNECTION_STRING=$(cat hub/connection-string)
	run -2 --separate-stderr stmiot device enrolled
	has "$stderr" "STMIOT_DPS_CONNECTION_STRING: this is the connection string of a hub, not of a provisioning service"
	run -0 stmiot --hub h device enrolled
	unset STMIOT_DPS_CONNECTION_STRING
	hub_add plain --connection-string-file hub/connection-string
	run -2 --separate-stderr stmiot --hub plain device enrolled
	has "$stderr" "the hub 'plain': no provisioning service is named"
	run -2 --separate-stderr stmiot hub add x --connection-string-file hub/connection-string \
		--dps-connection-string-file hub/connection-string
	sed 's/SharedAccessKey=.*/SharedAccessKey=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=/' \
		hub/dps-connection-string >wrong
	hub_add wrong --connection-string-file hub/connection-string --dps-connection-string-file wrong
	run -6 --separate-stderr stmiot --hub wrong device enrolled
	has "$stderr" "does not take this key, or its policy"
}

@test "no key in what it says" {
	hub_up --verbose
	stmiot -vv device enroll a >said 2>&1
	stmiot -vv device enroll --group g >>said 2>&1
	stmiot -vv device enrolled >>said 2>&1
	stmiot -vv hub list --json >>said 2>&1
	{
		stmiot device enrolled a --show-keys --json
		stmiot device enrolled --group g --show-keys --json
	} | jq -r '.primary_key, .secondary_key' >keys
	[ "$(wc -l <keys)" = 4 ]
	no_key_in keys said hub.out
}

@test "wrong command lines" {
	hub_up
	run -2 --separate-stderr stmiot device enroll
	has "$stderr" "takes a registration id, or --group NAME"
	run -2 --separate-stderr stmiot device enroll a b
	run -2 --separate-stderr stmiot device enroll a --group g
	has "$stderr" "not both"
	run -2 --separate-stderr stmiot device enroll Upper
	run -2 --separate-stderr stmiot device enroll "a/b"
	run -2 --separate-stderr stmiot device enroll --group g --device-id d
	run -2 --separate-stderr stmiot device enrolled --groups a
	run -2 --separate-stderr stmiot device enrolled --show-keys
	run -2 --separate-stderr stmiot device unenroll
	run -2 --separate-stderr stmiot device show a --group g
	has "$stderr" "--group goes with enroll, enrolled, unenroll, not with show"
}
