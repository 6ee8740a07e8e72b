// SPDX-License-Identifier: GPL-2.0-or-later
// Go programs of one shape each: shapes NAME [ARGUMENT...]
package main

import (
	"fmt"
	"net"
	"os"
	"time"
)

func spin() {
	for n := 0; ; n++ {
	}
}

func main() {
	switch os.Args[1] {
	case "spin":
		fmt.Println("ready")
		spin()
	case "sleep":
		fmt.Println("ready")
		for {
			time.Sleep(50 * time.Millisecond)
		}
	case "client":
		conn, err := net.Dial("tcp", "127.0.0.1:"+os.Args[2])
		if err != nil {
			panic(err)
		}
		fmt.Println("ready")
		one := []byte{'.'}
		for {
			conn.Write(one)
			conn.Read(one)
		}
	case "fsync":
		// A record behind the other, as logs are written: then the journal waits for the disk, too.
		file, err := os.Create("log")
		if err != nil {
			panic(err)
		}
		block := make([]byte, 4096)
		fmt.Println("ready")
		for {
			file.Write(block)
			file.Sync()
		}
	}
}
