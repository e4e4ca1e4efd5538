# SPDX-License-Identifier: BSD-3-Clause
# The targets against a CSV of perf/run.sh, one line each.
#   awk -f targets.awk CSV
#   awk -v floors=1 -f targets.awk COMMITTED CSV...
# With floors: prints what is worse in every CSV than 15 % below the target or below the committed
# run, whichever is easier, and fails if there is anything.
BEGIN { FS = "," }

FNR == 1 { run++ }

/^#/ || $1 == "bench" { next }

{
	key = $1 "," $2 "," $3 "," $4 "," $5
	cycles[run, key] = $6
	ratio[run, key] = $10
	if (($1 == "scale" || $1 == "install") && $2 ~ /^(memory|sizeof)/)
		bytes[run, $1 "," $2] = $3
}

function worse(a, b, want) { return want > 0 ? a + 0 < b + 0 : a + 0 > b + 0 }

# The figure of a target in a run; what: ratio, cycles, bytes.
function figure(r, what, a) {
	if (what == "ratio")
		return ((r, a) in ratio) ? ratio[r, a] : ""
	if (what == "cycles")
		return ((r, a) in cycles) ? cycles[r, a] : ""
	return ((r, a) in bytes) ? bytes[r, a] : ""
}

# want > 0: at least; want < 0: at most.  exempt: not a ratio that the code alone decides, and so
# without a floor.
function target(text, want, exempt, what, a,    r, got, bound, best, easy) {
	bound = want < 0 ? -want : want
	got = figure(1, what, a)
	if (!floors) {
		if (got == "")
			printf "%-60s %10s\n", text, "not run"
		else
			printf "%-60s %10.3f %s %-8g %s\n", text, got, (want > 0 ? ">=" : "<="), bound,
				(worse(got, bound, want) ? "MISSED" : "met")
		return
	}
	if (exempt)
		return
	easy = got != "" && worse(got, bound, want) ? got : bound
	easy *= want > 0 ? 0.85 : 1.15
	best = ""
	for (r = 2; r <= run; r++) {
		got = figure(r, what, a)
		if (got != "" && (best == "" || worse(best, got, want)))
			best = got
	}
	if (best == "" || worse(best, easy, want)) {
		printf "%s: %s, floor %.3f\n", text, (best == "" ? "not run" : best), easy
		failed = 1
	}
}

# A figure without a target.
function reported(text, what, a,    got) {
	if (floors)
		return
	got = figure(1, what, a)
	if (got == "")
		printf "%-60s %10s\n", text, "not run"
	else
		printf "%-60s %10.3f    %-8s %s\n", text, got, "", "reported"
}

function paths(bench, suffix, text,    side, name, want, size, v, i) {
	for (side = 0; side < 2; side++) {
		name = side ? "open" : "seal"
		split(side ? "0.65 0.78 0.93" : "0.70 0.80 0.93", want, " ")
		split("64 256 1350", size, " ")
		for (v = 4; v <= 6; v += 2) {
			for (i = 1; i <= 3; i++)
				target(name " path, IPv" v ", " size[i] " B" text ": limit / measured",
					want[i], 0, "ratio",
					bench "," name "_ipv" v suffix "," size[i] ",256,32")
		}
	}
}

# With floors: whether what is tested has it.
function has(key,    r) {
	for (r = floors ? 2 : 1; r <= run; r++) {
		if ((r, key) in ratio)
			return 1
	}
	return 0
}

END {
	if (!floors)
		printf "%-60s %10s    %-8s\n", "target", "measured", "wanted"
	paths("path", "", "")
	paths("path", "_offload", ", checksum offload")
	if (has("path_avx2,seal_ipv4,64,256,32"))
		paths("path_avx2", "_offload", ", offload, AVX2")
	target("seal path, 64 B: SSL_write / measured", 3, 0, "ratio", "openssl,SSL_write,64,1,1")
	target("open path, 64 B: SSL_read / measured", 4, 0, "ratio", "openssl,SSL_read,64,1,1")
	target("seal path, 1 M sessions at random / 256", -2, 0, "ratio",
		"scale,seal_uniform,64,1000000,32")
	target("open path, 1 M sessions at random / 256", -2, 0, "ratio",
		"scale,open_uniform,64,1000000,32")
	target("a session in the data plane, bytes", -2600, 0, "bytes", "scale,memory")
	target("1 M sessions and all else in the data plane, MB", -3200, 0, "bytes", "scale,memory_mb")
	target("a session in the control plane, bytes", -512, 0, "bytes", "install,memory")
	target("HelloVerifyRequest through lcore_poll(), cycles", -900, 1, "cycles",
		"cookie,hello_verify,220,0,32")
	target("the same: limit / measured", 0.50, 0, "ratio", "cookie,hello_verify,220,0,32")
	target("sessions beside 1 M ClientHellos a second, lost of 1000", -1, 1, "ratio",
		"flood,hellos_1000000,64,256,32")
	reported("the same, with samples in which a thread lost its CPU", "ratio",
		"flood,hellos_1000000:all,64,256,32")
	target("two lcores against one, seal", 1.9, 1, "ratio", "lcores,seal_2,64,512,32")
	target("two lcores against one, open", 1.9, 1, "ratio", "lcores,open_2,64,512,32")
	target("the same, of what both CPUs give to arithmetic, seal", 0.95, 1, "ratio",
		"lcores,seal_2:of_cpus,64,512,32")
	target("the same, of what both CPUs give to arithmetic, open", 0.95, 1, "ratio",
		"lcores,open_2:of_cpus,64,512,32")
	target("install, control plane, microseconds", -5, 1, "ratio", "install,cp,0,1024,0")
	target("the same: keys expanded / all", 0.40, 0, "ratio", "install,cp:keys,0,1024,0")
	nb = split("ecdhe_ecdsa ecdhe_rsa psk ticket", kind, " ")
	for (i = 1; i <= nb; i++)
		target("handshake, " kind[i] ": OpenSSL with key block / gateway", 0.90, 0, "ratio",
			"handshake," kind[i] ",0,0,8")
	target("10,000 installs a second beside full traffic, seal", -1.05, 0, "ratio",
		"churn,seal_10k_installs,64,256,32")
	target("10,000 installs a second beside full traffic, open", -1.05, 0, "ratio",
		"churn,open_10k_installs,64,256,32")
	target("poll: adaptive, part of a CPU when idle", -0.05, 1, "ratio",
		"idle,cpu_share,64,256,1")
	target("poll: adaptive, wake-up, microseconds, p99", -100, 1, "ratio",
		"idle,wake:p99,64,256,1")
	for (i = 64; i <= 1350; i += 1350 - 64) {
		nb = split("seal:p50 seal:p99 open:p50 open:p99", kind, " ")
		for (k = 1; k <= nb; k++)
			reported("added delay, " kind[k] ", " i " B, cycles", "cycles",
				"delay," kind[k] "," i ",256,1")
	}
	exit failed
}
