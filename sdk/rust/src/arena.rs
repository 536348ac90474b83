//! The allocator of a component: a static arena first, the standard one when that is full.
//! An instance lives for one call, and most calls need less than the arena has. So they never grow their memory, which
//! with its page faults took 7 of 18 µs of a small policy's call (wasmtime 48, fresh instance).
#![allow(unsafe_code, reason = "an allocator")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, UnsafeCell};

/// One wasm page: a smaller arena would save nothing.
const ARENA_BYTES: usize = 64 * 1024;

#[global_allocator]
static ARENA: Arena = Arena { bytes: UnsafeCell::new(Bytes([0; ARENA_BYTES])), used: Cell::new(0) };

/// Hands its bytes out in order. Takes back, and grows in place, what was handed out last.
struct Arena {
    bytes: UnsafeCell<Bytes>,
    used: Cell<usize>,
}

/// Aligned for everything that is allocated but SIMD buffers with alignments of their own.
#[repr(align(16))]
struct Bytes(#[expect(dead_code, reason = "read by pointers only")] [u8; ARENA_BYTES]);

#[cfg(target_feature = "atomics")]
compile_error!("the arena is for components without threads; leave the feature `arena` out");

// SAFETY: without the target feature `atomics`, checked above, a module has one thread.
unsafe impl Sync for Arena {}

impl Arena {
    fn start(&self) -> *mut u8 {
        self.bytes.get().cast()
    }

    /// The offset of a pointer into the arena; `None` for one of the standard allocator.
    fn offset(&self, pointer: *mut u8) -> Option<usize> {
        let offset = (pointer as usize).wrapping_sub(self.start() as usize);
        (offset < ARENA_BYTES).then_some(offset)
    }

    /// The offset of that many free bytes, now used.
    fn take(&self, layout: Layout) -> Option<usize> {
        let align = layout.align();
        let start = self.start() as usize;
        let offset = (start + self.used.get()).checked_next_multiple_of(align)? - start;
        // Strictly less: an empty allocation at the very end would not be known as the arena's.
        let end = offset.checked_add(layout.size()).filter(|end| *end < ARENA_BYTES)?;
        self.used.set(end);
        Some(offset)
    }

    fn is_last(&self, offset: usize, size: usize) -> bool {
        offset + size == self.used.get()
    }
}

// SAFETY: `take` gives out each byte once, until `dealloc` takes back those of the last allocation. Pointers outside of the
// arena come from `System`, and go back to it with their layouts.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match self.take(layout) {
            // SAFETY: `take` gives offsets within the arena.
            Some(offset) => unsafe { self.start().add(offset) },
            // SAFETY: the caller's promises are those that `System` asks for.
            None => unsafe { System.alloc(layout) },
        }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        match self.offset(pointer) {
            Some(offset) if self.is_last(offset, layout.size()) => self.used.set(offset),
            Some(_) => {}
            // SAFETY: not from the arena, so from `System`, with this layout.
            None => unsafe { System.dealloc(pointer, layout) },
        }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let Some(offset) = self.offset(pointer) else {
            // SAFETY: not from the arena, so from `System`, with this layout.
            return unsafe { System.realloc(pointer, layout, size) };
        };
        if self.is_last(offset, layout.size())
            && let Some(end) = offset.checked_add(size).filter(|end| *end < ARENA_BYTES)
        {
            self.used.set(end);
            return pointer;
        }
        if size <= layout.size() {
            return pointer;
        }
        // SAFETY: the caller promises that `size`, rounded up to the alignment, does not overflow.
        let new = unsafe { self.alloc(Layout::from_size_align_unchecked(size, layout.align())) };
        if !new.is_null() {
            // SAFETY: both are valid for the old size, which is the smaller one, and do not overlap.
            unsafe { new.copy_from_nonoverlapping(pointer, layout.size()) };
        }
        new
    }
}
