;; A raw guest that answers with its input in capitals.
(module
  (import "yoi:tool" "input_len" (func $input-len (result i32)))
  (import "yoi:tool" "input_read" (func $input-read (param i32 i32) (result i32)))
  (import "yoi:tool" "output_write" (func $output-write (param i32 i32) (result i32)))
  (memory (export "memory") 3)
  (data (i32.const 0) "{\"summary\":\"in capitals\",\"content\":\"")
  (data (i32.const 64) "\"}")
  (global $end (mut i32) (i32.const 0))

  (func $append-byte (param $byte i32)
    (i32.store8 (global.get $end) (local.get $byte))
    (global.set $end (i32.add (global.get $end) (i32.const 1))))

  (func $append (param $from i32) (param $length i32)
    (memory.copy (global.get $end) (local.get $from) (local.get $length))
    (global.set $end (i32.add (global.get $end) (local.get $length))))

  ;; Appends JSON text in capitals as the inside of a JSON string.
  (func $append-capitals (param $at i32) (param $length i32)
    (local $stop i32)
    (local $byte i32)
    (local.set $stop (i32.add (local.get $at) (local.get $length)))
    (block $done
      (loop $next
        (br_if $done (i32.eq (local.get $at) (local.get $stop)))
        (local.set $byte (i32.load8_u (local.get $at)))
        (if (i32.or (i32.eq (local.get $byte) (i32.const 0x22)) (i32.eq (local.get $byte) (i32.const 0x5c)))
          (then (call $append-byte (i32.const 0x5c))))
        (if (i32.lt_u (i32.sub (local.get $byte) (i32.const 0x61)) (i32.const 26))
          (then (local.set $byte (i32.sub (local.get $byte) (i32.const 0x20)))))
        (call $append-byte (local.get $byte))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next))))

  (func (export "yoi_tool_call")
    (global.set $end (i32.const 0x10000))
    (drop (call $input-read (i32.const 1024) (call $input-len)))
    (call $append (i32.const 0) (i32.const 36))
    (call $append-capitals (i32.const 1024) (call $input-len))
    (call $append (i32.const 64) (i32.const 2))
    (drop (call $output-write (i32.const 0x10000) (i32.sub (global.get $end) (i32.const 0x10000))))))
