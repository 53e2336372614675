using Functional.Compiling;
using Functional.Graphs;

namespace Functional.Engines;

/// <summary>The buffers of a binding by name: those that were given, and its own for outputs that nobody gave one.</summary>
/// <typeparam name="T">The engine's kind of buffer.</typeparam>
sealed class BoundBuffers<T> : IDisposable where T : class, IBuffer
{
    readonly Dictionary<string, T> inputs = [], outputs = [];
    readonly List<T> own = [];

    BoundBuffers() { }

    /// <summary>Connects a program as <see cref="IExecutable.Bind"/> says.</summary>
    /// <param name="program">The program.</param>
    /// <param name="given">Buffers by the names of inputs and outputs.</param>
    /// <param name="allocate">Makes a buffer of zeros.</param>
    /// <param name="isOurs">Whether the engine can use a buffer of its kind.</param>
    /// <exception cref="ArgumentException">An input is missing, a name is unknown, or a buffer is of another type or engine.</exception>
    public static BoundBuffers<T> Of(Program program, IReadOnlyDictionary<string, IBuffer> given, Func<TensorType, T> allocate, Func<T, bool> isOurs)
    {
        if (given.Keys.FirstOrDefault(name => !program.Inputs.Concat(program.Outputs).Any(n => n.Name == name)) is { } unknown) throw Unknown(unknown);
        var bound = new BoundBuffers<T>();
        foreach (var input in program.Inputs)
            bound.inputs.Add(input.Name, Given(given, input, isOurs) ?? throw new ArgumentException($"input '{input.Name}' {input.Value.Type} has no buffer."));
        var donors = program.Donations.ToDictionary(static d => d.Output, static d => d.Input);
        try
        {
            foreach (var output in program.Outputs)
                bound.outputs.Add(output.Name, donors.TryGetValue(output.Name, out var donor) ? bound.inputs[donor]
                    // A name that an input has, too, stands for the input's buffer.
                    : (bound.inputs.ContainsKey(output.Name) ? null : Given(given, output, isOurs)) ?? bound.Own(allocate(output.Value.Type)));
            return bound;
        }
        catch
        {
            bound.Dispose();
            throw;
        }
    }

    /// <summary>An input's buffer.</summary>
    public T Input(string name) => inputs[name];

    /// <summary>An output's buffer, which may be a donated input's.</summary>
    public T Output(string name) => outputs[name];

    /// <summary>An output's buffer; else an input's.</summary>
    public T this[string name] => outputs.TryGetValue(name, out var buffer) || inputs.TryGetValue(name, out buffer) ? buffer : throw Unknown(name);

    /// <summary>Gives back the binding's own buffers.</summary>
    public void Dispose()
    {
        foreach (var buffer in own) buffer.Dispose();
    }

    T Own(T buffer)
    {
        own.Add(buffer);
        return buffer;
    }

    static T? Given(IReadOnlyDictionary<string, IBuffer> given, Named named, Func<T, bool> isOurs) => !given.TryGetValue(named.Name, out var buffer) ? null
        : buffer is not T mine || !isOurs(mine) ? throw new ArgumentException($"the buffer of '{named.Name}' is another engine's.")
        : mine.Type != named.Value.Type ? throw new ArgumentException($"'{named.Name}' is {named.Value.Type}, but its buffer is {mine.Type}.")
        : mine;

    static ArgumentException Unknown(string name) => new($"'{name}' is neither an input nor an output of the program.");
}
