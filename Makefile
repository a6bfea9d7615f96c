.PHONY: demo test bench

demo:
	cargo run --release -- --demo

test:
	./scripts/test

bench:
	cargo bench -p benches
