namespace Functional.Tests.Properties.Execution;

/// <summary>An engine that says before each run of a program how many there were.</summary>
sealed class CountingEngine(IEngine inner, Action<int> running) : IEngine
{
    int runs;

    public string Name => inner.Name;

    public DeviceMemory Memory => inner.Memory;

    public IBuffer Allocate(TensorType type) => inner.Allocate(type);

    public IExecutable Compile(Program program) => new Executable(inner.Compile(program), () => running(runs++));

    public void Dispose() => inner.Dispose();

    sealed class Executable(IExecutable inner, Action running) : IExecutable
    {
        public Program Program => inner.Program;

        public long WorkspaceBytes => inner.WorkspaceBytes;

        public IBinding Bind(IReadOnlyDictionary<string, IBuffer> buffers) => new Binding(inner.Bind(buffers), running);

        public void Dispose() => inner.Dispose();
    }

    sealed class Binding(IBinding inner, Action running) : IBinding
    {
        public IBuffer this[string name] => inner[name];

        public void Run()
        {
            running();
            inner.Run();
        }

        public void Dispose() => inner.Dispose();
    }
}
