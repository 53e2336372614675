@echo off
rem Starts the program from a clone, and builds it first where a source differs from what was built: a copy of the sources tells.
rem "set LibTorch=cuda" before it builds with libtorch for NVIDIA GPUs (docs/gpu.md); delete src\Cli\obj to build anew.
setlocal
set "here=%~dp0"
set "program=%here%src\Cli\bin\Release\net10.0\functional.dll"
set "built=%here%src\Cli\obj\built"
set "same=*.cs *.csproj *.props *.targets /MIR /XD bin obj /NJH /NJS /NP /NDL /NFL"
if not exist "%program%" goto build
robocopy "%here%src" "%built%" %same% /L >nul
if errorlevel 1 goto build
:start
dotnet "%program%" %*
exit /b %errorlevel%
:build
echo building (about a minute the first time) ... 1>&2
dotnet build "%here%src\Cli" -c Release -v quiet -nologo 1>&2
if errorlevel 1 exit /b 1
robocopy "%here%src" "%built%" %same% >nul
goto start
