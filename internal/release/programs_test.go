package release

import (
	"bytes"
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"encoding/binary"
)

// programs are headers of programs, by the suffix of the backend.
func programs() map[string]string {
	ident := [16]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)}
	ident32 := ident
	ident32[elf.EI_CLASS] = byte(elf.ELFCLASS32)
	return map[string]string{
		"linux_amd64":       pack(elf.Header64{Ident: ident, Version: 1, Machine: uint16(elf.EM_X86_64)}),
		"linux_arm64":       pack(elf.Header64{Ident: ident, Version: 1, Machine: uint16(elf.EM_AARCH64)}),
		"linux_arm":         pack(elf.Header32{Ident: ident32, Version: 1, Machine: uint16(elf.EM_ARM)}),
		"darwin_amd64":      pack(macho.FileHeader{Magic: macho.Magic64, Cpu: macho.CpuAmd64}, uint32(0)),
		"darwin_arm64":      pack(macho.FileHeader{Magic: macho.Magic64, Cpu: macho.CpuArm64}, uint32(0)),
		"windows_amd64.exe": pack([2]byte{'M', 'Z'}, [58]byte{}, uint32(64), [4]byte{'P', 'E'}, pe.FileHeader{Machine: pe.IMAGE_FILE_MACHINE_AMD64}, [64]byte{}),
	}
}

func pack(parts ...any) string {
	var out bytes.Buffer
	for _, part := range parts {
		if err := binary.Write(&out, binary.LittleEndian, part); err != nil {
			panic(err)
		}
	}
	return out.String()
}
