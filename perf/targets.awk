# SPDX-License-Identifier: BSD-3-Clause
# The targets against a CSV of perf/run.sh, one line each.
BEGIN { FS = "," }

/^#/ || $1 == "bench" { next }

{
	key = $1 "," $2 "," $3 "," $4 "," $5
	cycles[key] = $6
	ratio[key] = $10
	if ($1 == "scale" && ($2 == "memory" || $2 == "sizeof_session"))
		bytes[$2] = $3
}

# want > 0: at least; want < 0: at most.
function target(text, got, want,    sign, met)
{
	if (got == "") {
		printf "%-58s %10s\n", text, "not run"
		return
	}
	sign = want > 0 ? ">=" : "<="
	met = (want > 0 ? got + 0 >= want : got + 0 <= -want) ? "met" : "MISSED"
	printf "%-58s %10.3f %s %-8g %s\n", text, got, sign, (want < 0 ? -want : want), met
}

function quotient(a, b) { return a == "" || b == "" || b + 0 == 0 ? "" : a / b }

END {
	printf "%-58s %10s    %-8s\n", "target", "measured", "wanted"
	for (side = 0; side < 2; side++) {
		name = side ? "open" : "seal"
		split(side ? "0.65 0.78 0.93" : "0.70 0.80 0.93", want, " ")
		split("64 256 1350", size, " ")
		for (i = 1; i <= 3; i++)
			target(name " path, IPv4, " size[i] " B: limit / measured",
				ratio["path," name "_ipv4," size[i] ",256,32"], want[i])
		for (i = 1; i <= 3; i++)
			target(name " path, IPv6, " size[i] " B: limit / measured",
				ratio["path," name "_ipv6," size[i] ",256,32"], want[i])
	}
	target("seal path, 64 B: SSL_write / measured",
		quotient(cycles["openssl,SSL_write,64,1,1"], cycles["path,seal_ipv4,64,256,32"]), 3)
	target("open path, 64 B: SSL_read / measured",
		quotient(cycles["openssl,SSL_read,64,1,1"], cycles["path,open_ipv4,64,256,32"]), 4)
	target("seal path, 1 M sessions at random / 256",
		ratio["scale,seal_uniform,64,1000000,32"], -2)
	target("open path, 1 M sessions at random / 256",
		ratio["scale,open_uniform,64,1000000,32"], -2)
	target("a session in the data plane, tables included, bytes", bytes["memory"], -2600)
	target("a session in its pool, bytes", bytes["sizeof_session"], -2600)
	target("HelloVerifyRequest through lcore_poll(), cycles",
		cycles["cookie,hello_verify,220,0,32"], -900)
	target("install, control plane, microseconds", ratio["install,cp,0,1024,0"], -5)
}
