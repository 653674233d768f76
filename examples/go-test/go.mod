module nslab.example/dial

go 1.19
