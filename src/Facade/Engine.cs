namespace Functional;

/// <summary>Makes engines.</summary>
public static class Engine
{
    /// <summary>The default engine; dispose it after everything that it made.</summary>
    /// <param name="threads">Threads that compute; 0 for one a processor. Results do not depend on it.</param>
    public static IEngine Create(int threads = 0) => new Engines.ManagedEngine(threads);
}
