module example.com/a

require example.com/dep v1.2.3
