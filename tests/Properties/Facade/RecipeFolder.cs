namespace Functional.Tests.Properties.Facade;

/// <summary>A folder with two texts and a recipe of them, which goes with its test.</summary>
public abstract class RecipeFolder : IDisposable
{
    protected string Root { get; } = Directory.CreateTempSubdirectory("functional-recipe-").FullName;

    public void Dispose()
    {
        Directory.Delete(Root, recursive: true);
        GC.SuppressFinalize(this);
    }

    protected string this[string name] => Path.Combine(Root, name);

    // The second text has letters that the first has not.
    protected string File(string stages, string more = "")
    {
        Directory.CreateDirectory(this["texts"]);
        System.IO.File.WriteAllText(this["texts/a.txt"], string.Concat(Enumerable.Repeat("abcab cabba. ", 40)));
        System.IO.File.WriteAllText(this["texts/b.txt"], string.Concat(Enumerable.Repeat("xyzzy abc. ", 40)));
        System.IO.File.WriteAllText(this["recipe.yaml"], $"model: {{layers: 1, heads: 2, width: 8, context: 4}}\nrun: {{threads: 1, engine: managed}}\nbatch: 2\n{more}\nstages:\n{stages}\n");
        return this["recipe.yaml"];
    }

    protected const string Two = "  first: {steps: 4, learning: {warmup: 0}, source: {data: texts/a.txt}}\n  second: {steps: 3, save-every: 1, keep: 9, learning: {warmup: 0}, source: {data: texts/b.txt}}";
}
