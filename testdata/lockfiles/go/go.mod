module example.com/shop

go 1.22.1

require (
	example.com/direct v1.2.3
	github.com/Mixed/Case v0.1.0
)

require (
	example.com/indirect v0.0.0-20240102030405-0123456789ab // indirect
	example.com/replaced v1.0.0
	example.com/here v1.0.0
)

replace example.com/replaced => example.com/fork v1.0.1

replace example.com/here => ./here
