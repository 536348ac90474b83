//! Where instances get their memory: from address space reserved for all of them at the start, or each for itself where the system does not
//! give that much (`ulimit -v`, a sandbox).
//! Does not bound what a guest may use; its `GuestState` does.

use tracing::warn;
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, Strategy};

use super::{RuntimeError, RuntimeLimits};

/// Reserved for each memory of the pool. Without 4 GiB every access is bounds-checked: 28 % slower. Measured.
const RESERVED_BYTES: u64 = 4 << 30;

/// wasmtime's own default, behind each memory of the pool.
const GUARD_BYTES: u64 = 32 << 20;

/// Reserved for a memory outside of a pool, and again whenever it has outgrown that: a review of an ordinary set takes less than 4 MiB.
const SMALL_BYTES: u64 = 4 << 20;

/// Core instances of one component: 13 in one of QuickJS, 38 in one of Python. Measured.
const MAX_CORE_INSTANCES: u32 = 40;

/// Memories of one component: 3 in one of QuickJS, of which two stay empty.
const MAX_MEMORIES: u32 = 3;

/// Tables of one component: 3 in one of QuickJS. The longest, of Python, has 5,716 elements; wasmtime gives 20,000.
const MAX_TABLES: u32 = 4;

/// How instances get their memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allocation {
    /// Address space for all of them was reserved at the start.
    Reserved,
    /// The system does not give as much: each call asks for its own, and its accesses are bounds-checked.
    OnDemand,
}

/// The engine, and which of the two it came to.
pub(super) fn engine(limits: RuntimeLimits) -> Result<(Engine, Allocation), RuntimeError> {
    let refused = match Engine::new(&reserving(limits)) {
        Ok(engine) => return Ok((engine, Allocation::Reserved)),
        Err(refused) => refused,
    };
    let engine = Engine::new(&on_demand(limits)).map_err(|error| RuntimeError::Engine(error.into()))?;
    let memories = u64::from(limits.instances.saturating_mul(MAX_MEMORIES));
    let gigabytes = memories.saturating_mul(RESERVED_BYTES + GUARD_BYTES) / 1_000_000_000;
    warn!(
        gigabytes,
        instances = limits.instances,
        reason = %format!("{refused:#}"),
        "no address space for all instances; each call gets its memory by itself, which takes longer"
    );
    Ok((engine, Allocation::OnDemand))
}

fn reserving(limits: RuntimeLimits) -> Config {
    let n = limits.instances;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(n)
        .total_core_instances(n.saturating_mul(MAX_CORE_INSTANCES))
        .total_memories(n.saturating_mul(MAX_MEMORIES))
        .total_tables(n.saturating_mul(MAX_TABLES))
        .total_stacks(n)
        .max_core_instances_per_component(MAX_CORE_INSTANCES)
        .max_memories_per_component(MAX_MEMORIES)
        .max_tables_per_component(MAX_TABLES)
        .max_memory_size(limits.memory_bytes)
        .max_unused_warm_slots(n / 2)
        // Kept pages are reset by what the kernel says was dirtied (Linux 6.7): a fresh call costs 28 % less. Measured.
        .linear_memory_keep_resident(1 << 20)
        .table_keep_resident(64 << 10)
        .pagemap_scan(Enabled::Auto);
    let mut config = common(limits);
    config
        .memory_reservation(RESERVED_BYTES)
        .memory_guard_size(GUARD_BYTES)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config
}

fn on_demand(limits: RuntimeLimits) -> Config {
    let mut config = common(limits);
    config
        .memory_reservation(SMALL_BYTES)
        .memory_reservation_for_growth(SMALL_BYTES)
        .memory_guard_size(64 << 10)
        .guard_before_linear_memory(false)
        .allocation_strategy(InstanceAllocationStrategy::OnDemand);
    config
}

fn common(limits: RuntimeLimits) -> Config {
    let mut config = Config::new();
    config
        .strategy(Strategy::Cranelift)
        .cranelift_opt_level(OptLevel::Speed)
        .memory_init_cow(true)
        .consume_fuel(limits.count_instructions)
        // A verdict is the same on every machine: no instruction whose result a processor chooses, and one NaN.
        .wasm_relaxed_simd(false)
        .cranelift_nan_canonicalization(true)
        .epoch_interruption(true);
    config
}
