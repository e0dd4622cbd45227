# The commands of everyday work; `just` lists them. https://just.systems

_default:
    @just --list

# Format the code
fmt:
    cargo fmt --all

# Refuse unformatted code and warnings
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --release --locked -- -D warnings

# Run all tests; arguments go to cargo test
test *args:
    cargo test --workspace --release --locked {{ args }}

# Build the documentation of the libraries
doc *args:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --lib --release --locked {{ args }}

# Everything that must hold before a change is merged
ci:
    .ci/run

# Train on the embedded digits; arguments go to `dini train`
train *args:
    cargo run --release --locked -- train {{ args }}

# Verify the formulas on random instances; arguments go to `dini check`
check *args:
    cargo run --release --locked -- check {{ args }}
