module nslab.example/go

go 1.19
